package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

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

// demoFolder gives each size of demo its own data: sites of a larger one would be unreachable in a smaller one.
func demoFolder(n int) string {
	if n == usualDemo {
		return "demo"
	}
	return fmt.Sprintf("demo-%d", n)
}

// mostDemoSites is what the loopback addresses of the simulated servers suffice for.
const mostDemoSites = 10000

func demoCommand(c *config) *cobra.Command {
	n := usualDemo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Serve a dashboard with simulated sites, and print a URL that signs you in",
		Long: `Serve a dashboard with simulated WordPress sites, most of them healthy and some with each fault that agencies meet, and print a URL
that signs you in. Everything stays in the folder demo of the data folder and on loopback addresses; no real site is contacted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n < 1 || n > mostDemoSites {
				return usage("--sites must be between 1 and %d", mostDemoSites)
			}
			return c.demo(cmd.Context(), cmd.OutOrStdout(), n)
		},
	}
	cmd.Flags().IntVar(&n, "sites", n, "number of sites to simulate")
	return cmd
}

// demoPort is where the simulated sites listen, so that the sites of an earlier demo are found again.
const demoPort = 18443

func (c *config) demo(ctx context.Context, out io.Writer, n int) error {
	c.data = filepath.Join(c.data, demoFolder(n))
	c.databaseURL, c.keyFile = "", filepath.Join(c.data, "keyset.json")
	described := wptest.Demo(n)
	fake, err := wptest.Start(wptest.Options{Sites: described, Port: demoPort, Dir: c.data})
	if err != nil {
		return fmt.Errorf("the simulated sites cannot start (is another demo running?): %w", err)
	}
	defer fake.Close()
	if err := c.useDemo(fake); err != nil {
		return err
	}
	return c.withApp(ctx, func(h *app) error {
		token, err := importDemo(ctx, h, fake, described)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, `
%d simulated sites are ready. Open this URL to sign in; it works once:

  %s/enter/%s

If you are asked to sign in: %s, %s

The same data on the command line, in another terminal:

  export DROVER_DATA=%s DROVER_CA_FILE=%s DROVER_ALLOW_NETS=127.0.0.0/8
  bin/drover run clear-cache --all

`, n, strings.TrimSuffix(c.publicURL, "/"), token.Reveal(), demoEmail, demoPassword, c.data, c.caFile)
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

// importDemo imports the sites, checks them, and makes an owner who can be signed in by a link.
func importDemo(ctx context.Context, h *app, fake *wptest.Fake, described []wptest.Site) (vault.Secret, error) {
	actor := access.Actor{Kind: access.KindCommandLine, Name: "drover demo", Role: access.Owner}
	if _, err := h.registry.Import(ctx, actor, demoCSV(fake, described)); err != nil {
		return vault.Secret{}, err
	}
	if err := checkNew(ctx, h, actor); err != nil {
		return vault.Secret{}, err
	}
	present, err := h.roster.Members(ctx, actor)
	if err != nil {
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
	return h.roster.SignInLink(ctx, actor, m.ID)
}

func demoCSV(fake *wptest.Fake, described []wptest.Site) io.Reader {
	var text strings.Builder
	w := spreadsheet.NewWriter(&text)
	_ = w.Write("url", "username", "application_password", "client", "tags", "name")
	for i, s := range described {
		_ = w.Write(fake.URL(i), wptest.DefaultUser, wptest.DefaultPassword, s.Client, strings.Join(s.Tags, "|"), s.Name)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return strings.NewReader(text.String())
}

// mostChecked is how many sites a demo checks before it starts: enough to see every fault, and not a long wait.
const mostChecked = 60

func checkNew(ctx context.Context, h *app, actor access.Actor) error {
	unchecked, _, err := h.registry.Sites(ctx, access.System(), sites.Filter{State: sites.Unchecked, Limit: mostChecked})
	if err != nil {
		return err
	}
	var failed error
	h.registry.CheckAll(ctx, actor, unchecked, func(_ sites.Site, _ wordpress.Report, err error) { failed = errors.Join(failed, err) })
	return failed
}
