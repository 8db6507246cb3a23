package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// usualDemo is how many sites a demo has unless somebody says otherwise.
const usualDemo = 60

// demoFolder gives each size of demo its own data, and each port: the URLs of its sites are stored.
func demoFolder(n, port int) string {
	name := "demo"
	if n != usualDemo {
		name = fmt.Sprintf("demo-%d", n)
	}
	if port != demoPort {
		name = fmt.Sprintf("%s-port-%d", name, port)
	}
	return name
}

// mostDemoSites is what the loopback addresses of the simulated servers suffice for.
const mostDemoSites = 10000

// demo is what a demo is started with.
type demo struct {
	sites, port int
	portChosen  bool // by a person, who wants no other
	addrChosen  bool
}

func demoCommand(c *config) *cobra.Command {
	d := demo{sites: usualDemo, port: demoPort}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Serve a dashboard with simulated sites, and print a URL that signs you in",
		Long: `Serve a dashboard with simulated WordPress sites, most of them healthy and some with each fault that agencies meet, and print a URL
that signs you in. It has two weeks of history. Everything stays in the folder demo of the data folder and on loopback addresses; no real
site is contacted. A second demo beside the first takes the next free ports and a folder of its own.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.sites < 1 || d.sites > mostDemoSites {
				return usage("--sites must be between 1 and %d", mostDemoSites)
			}
			if d.port < 1 || d.port > 65535 {
				return usage("--sites-port must be between 1 and 65535")
			}
			d.portChosen, d.addrChosen = cmd.Flags().Changed("sites-port"), c.addr != usualAddr || c.publicURL != "http://"+c.addr
			return c.demo(cmd.Context(), cmd.OutOrStdout(), d)
		},
	}
	cmd.Flags().IntVar(&d.sites, "sites", d.sites, "number of sites to simulate")
	cmd.Flags().IntVar(&d.port, "sites-port", d.port, "port of the simulated sites; another demo needs another (default: the first free one from 18443)")
	return cmd
}

// demoPort is where the simulated sites listen, so that the sites of an earlier demo are found again.
const demoPort = 18443

// portsTried is how many ports a demo tries beside others.
const portsTried = 20

// startSites starts the simulated sites, on the next free port where the usual one is taken.
func (d *demo) startSites(c *config, described []wptest.Site) (*wptest.Fake, error) {
	data := c.data
	for tried := 1; ; tried++ {
		c.data = filepath.Join(data, demoFolder(d.sites, d.port))
		fake, err := wptest.Start(wptest.Options{Sites: described, Port: d.port, Dir: c.data})
		if err == nil || d.portChosen || tried == portsTried || !errors.Is(err, syscall.EADDRINUSE) {
			if err != nil {
				err = fmt.Errorf("the simulated sites cannot start on port %d; choose another with --sites-port: %w", d.port, err)
			}
			return fake, err
		}
		d.port++
	}
}

// freeAddr takes the next port for the dashboard where the usual one is taken and nobody asked for it.
func (d *demo) freeAddr(c *config) {
	host, port, err := net.SplitHostPort(c.addr)
	first, numberErr := strconv.Atoi(port)
	if d.addrChosen || err != nil || numberErr != nil {
		return
	}
	for n := first; n < first+portsTried; n++ {
		addr := net.JoinHostPort(host, strconv.Itoa(n))
		if listener, err := net.Listen("tcp", addr); err == nil {
			listener.Close()
			c.addr, c.publicURL = addr, "http://"+addr
			return
		}
	}
}

func (c *config) demo(ctx context.Context, out io.Writer, d demo) error {
	described := wptest.Demo(d.sites)
	fake, err := d.startSites(c, described)
	if err != nil {
		return err
	}
	defer fake.Close()
	d.freeAddr(c)
	c.databaseURL, c.keyFile = "", filepath.Join(c.data, "keyset.json")
	if err := c.useDemo(fake); err != nil {
		return err
	}
	return c.withApp(ctx, func(h *app) error {
		fmt.Fprintf(out, "Starting %s…\n", english.Plural(d.sites, "simulated site", "simulated sites"))
		token, err := prepareDemo(ctx, h, fake, described)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, `
%s ready. Open this URL to sign in; it works once:

  %s/enter/%s

To sign in again later:

  Email:    %s
  Password: %s

The same data on the command line, in another terminal:

  export DROVER_DATA=%s DROVER_CA_FILE=%s DROVER_ALLOW_NETS=127.0.0.0/8
  bin/drover run clear-cache --all

`,
			english.Plural(d.sites, "simulated site is", "simulated sites are"), strings.TrimSuffix(c.publicURL, "/"), token.Reveal(),
			demoEmail, demoPassword, c.data, c.caFile)
		return c.serve(ctx, out, h, true)
	})
}

// useDemo lets this process, and others on the same data folder, find and trust the simulated sites.
func (c *config) useDemo(fake *wptest.Fake) error {
	c.caFile, c.hostsFile, c.allowNets = filepath.Join(c.data, "ca.pem"), filepath.Join(c.data, "hosts"), []string{"127.0.0.0/8"}
	var text strings.Builder
	hosts := fake.Hosts()
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		fmt.Fprintf(&text, "%s %s\n", hosts[name], name)
	}
	return os.WriteFile(c.hostsFile, []byte(text.String()), 0o600)
}

const demoEmail = "you@agency.example"

// demoPassword opens a demo on this machine and nothing else; what destroys asks for it after a while.
const demoPassword = "only simulated sites"

// prepareDemo gives a new demo its sites and its past, and any demo an owner who can be signed in by a link.
func prepareDemo(ctx context.Context, h *app, fake *wptest.Fake, described []wptest.Site) (vault.Secret, error) {
	actor := access.Actor{Kind: access.KindCommandLine, Name: "drover demo", Role: access.Owner}
	present, err := h.roster.Members(ctx, actor)
	if err != nil {
		return vault.Secret{}, err
	}
	isNew := len(present) == 0
	past := newPast(h, isNew)
	if _, err := h.registry.Import(ctx, actor, demoCSV(fake, described)); err != nil {
		return vault.Secret{}, err
	}
	known, err := knownSites(ctx, h, fake, described)
	if err != nil {
		return vault.Secret{}, err
	}
	if err := checkNew(ctx, h, actor, known); err != nil {
		return vault.Secret{}, err
	}
	i := slices.IndexFunc(present, func(m members.Member) bool { return m.Email == demoEmail })
	if i >= 0 {
		return h.roster.SignInLink(ctx, actor, present[i].ID)
	}
	m, err := h.roster.Add(ctx, actor, members.Member{Email: demoEmail, Name: "Demo Owner", Role: access.Owner}, vault.NewSecret(demoPassword))
	if err != nil {
		return vault.Secret{}, err
	}
	if isNew {
		if err := past.fill(ctx, known); err != nil {
			return vault.Secret{}, fmt.Errorf("the demo's history: %w", err)
		}
	}
	return h.roster.SignInLink(ctx, actor, m.ID)
}

func demoCSV(fake *wptest.Fake, described []wptest.Site) io.Reader {
	var text strings.Builder
	w := spreadsheet.NewWriter(&text)
	_ = w.Write("url", "username", "application_password", "client", "tags", "name")
	for i, s := range described {
		_ = w.Write(fake.URL(i), wptest.DefaultUser, fake.Password(i), s.Client, strings.Join(s.Tags, "|"), s.Name)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return strings.NewReader(text.String())
}

// mostKnown is how many sites a demo checks before it starts, and has a history of: enough to see every fault, and not a long wait.
const mostKnown = 60

// knownSites are the sites that a demo checks and has a history of: each that has a fault but those that keep a check waiting for a minute, and
// then the first of the healthy ones.
func knownSites(ctx context.Context, h *app, fake *wptest.Fake, described []wptest.Site) ([]sites.Site, error) {
	found, _, err := h.registry.Sites(ctx, access.System(), sites.Filter{})
	if err != nil {
		return nil, err
	}
	byHome := make(map[string]sites.Site, len(found))
	for _, s := range found {
		byHome[s.Home] = s
	}
	var faulty, healthy []sites.Site
	for i, d := range described {
		s, is := byHome[fake.URL(i)]
		switch {
		case !is || d.Fault == wptest.Silent:
		case d.Fault == wptest.Healthy:
			healthy = append(healthy, s)
		default:
			faulty = append(faulty, s)
		}
	}
	known := slices.Concat(faulty, healthy)
	return known[:min(len(known), mostKnown)], nil
}

func checkNew(ctx context.Context, h *app, actor access.Actor, known []sites.Site) error {
	unchecked := slices.DeleteFunc(slices.Clone(known), func(s sites.Site) bool { return s.State != sites.Unchecked })
	var failed error
	h.registry.CheckAll(ctx, actor, unchecked, func(_ sites.Site, _ wordpress.Report, err error) { failed = errors.Join(failed, err) })
	return failed
}
