package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/droverhq/drover/internal/wordpress"
)

// config is what flags and environment say.
type config struct {
	addr        string
	data        string
	databaseURL string
	keyFile     string
	allowNets   []string
	caFile      string
	hostsFile   string
	concurrency int
	perAddress  int
	publicURL   string
	proxies     []string
	server      string
	audit       auditOptions
	provider    provider
	backup      backupOptions
	tls         tlsOptions
	logging     logOptions
	metricsAddr string
}

// usualAddr is where the dashboard listens unless somebody says otherwise.
const usualAddr = "127.0.0.1:8080"

func (c *config) register(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&c.addr, "addr", usualAddr, "address that serve listens on")
	f.StringVar(&c.data, "data", "./data", "data folder: database, encryption keyset")
	f.StringVar(&c.databaseURL, "database-url", "", "postgres://… to use PostgreSQL; empty for SQLite in the data folder")
	f.StringVar(&c.keyFile, "key-file", "", "encryption keyset (default keyset.json in the data folder)")
	f.StringSliceVar(&c.allowNets, "allow-nets", nil, "networks (CIDR) that sites may be in, in addition to public addresses")
	f.StringVar(&c.caFile, "ca-file", "", "PEM file of certificate authorities to trust in addition to the system's")
	f.StringVar(&c.hostsFile, "hosts-file", "", "host names to resolve without DNS, as in /etc/hosts (default hosts in the data folder, if it exists)")
	f.IntVar(&c.concurrency, "concurrency", 256, "maximum concurrent requests")
	f.IntVar(&c.perAddress, "per-address", 2, "maximum concurrent requests to one server (IP address)")
	f.StringVar(&c.publicURL, "public-url", "", "URL that people use for the dashboard, such as https://drover.agency.example")
	f.StringSliceVar(&c.proxies, "trusted-proxies", nil, "addresses or networks (CIDR) of the proxies whose X-Forwarded-For header is trusted")
	f.StringVar(&c.server, "server", "", "use the API of this Drover server, with the token in DROVER_TOKEN, for: run, runs, sites list, audit list")
	c.audit.register(f)
	c.provider.register(f)
	c.backup.register(f)
	c.tls.register(f)
	c.logging.register(f)
	f.StringVar(&c.metricsAddr, "metrics-addr", "", "address at which to serve metrics for Prometheus at /metrics, such as 127.0.0.1:9090; empty for none")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return c.load(cmd) }
}

// load reads the settings, and checks whether the command may work with them.
func (c *config) load(cmd *cobra.Command) error {
	if slices.Contains(withoutData, topLevel(cmd).Name()) {
		return c.finish(cmd.Flags(), nil)
	}
	settings, err := installed(cmd.Flags())
	if err != nil {
		return err
	}
	if err := c.finish(cmd.Flags(), settings); err != nil {
		return err
	}
	return checkUser(c.data)
}

// environmentName is the name in the environment of what a flag sets.
func environmentName(flag string) string {
	return "DROVER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// finish takes what no flag said from the environment, and then from the settings, fills in defaults that depend on others, and checks everything.
func (c *config) finish(flags *pflag.FlagSet, settings map[string]string) error {
	var problem error
	flags.VisitAll(func(f *pflag.Flag) {
		name := environmentName(f.Name)
		value := cmp.Or(os.Getenv(name), settings[name])
		if value == "" || f.Changed || problem != nil || !environmentFlags[f.Name] {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			problem = usage("%s: %w", name, err)
		}
	})
	if problem != nil {
		return problem
	}
	if c.keyFile == "" {
		c.keyFile = filepath.Join(c.data, "keyset.json")
	}
	if c.audit.archives == "" {
		c.audit.archives = filepath.Join(c.data, "archives")
	}
	if c.audit.keepDays < 0 {
		return usage("--audit-keep-days cannot be below 0")
	}
	if c.tls.on() && !flags.Changed("addr") {
		c.addr = ":443"
	}
	if c.publicURL == "" {
		c.publicURL = "http://" + c.addr
	}
	if u, err := url.Parse(c.publicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usage("--public-url: %q is not a URL; write it as https://drover.agency.example", c.publicURL)
	}
	if _, err := c.trustedProxies(); err != nil {
		return err
	}
	if err := errors.Join(c.backup.check(), c.tls.check(c.publicURL), c.logging.check()); err != nil {
		return err
	}
	if c.concurrency < 1 || c.perAddress < 1 {
		return usage("--concurrency and --per-address must be at least 1")
	}
	return nil
}

// environmentFlags are the flags that the environment can set too.
var environmentFlags = map[string]bool{
	"addr": true, "data": true, "database-url": true, "key-file": true, "allow-nets": true, "ca-file": true, "hosts-file": true,
	"concurrency": true, "per-address": true, "public-url": true, "trusted-proxies": true, "server": true,
	"backup-dir": true, "backup-every": true, "backup-keep": true, "pg-dump": true, "tls": true, "tls-email": true, "tls-directory": true,
	"tls-cert": true, "tls-key": true, "tls-http-addr": true,
	"log-format": true, "log-level": true, "metrics-addr": true,
	"audit-file": true, "audit-syslog": true, "audit-hook": true, "audit-hook-secret-file": true, "audit-keep-days": true, "audit-archives": true,
	"oidc-issuer": true, "oidc-client-id": true, "oidc-client-secret-file": true, "oidc-name": true, "oidc-domains": true, "oidc-groups": true,
	"oidc-create": true, "oidc-trusted-factor": true,
}

// trustedProxies reads addresses and networks.
func (c *config) trustedProxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range c.proxies {
		text = strings.TrimSpace(text)
		prefix, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); single == nil && addr.Zone() == "" {
			prefix, err = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
		}
		if err != nil {
			return nil, usage("--trusted-proxies: %q is not an address or a network; write it as 127.0.0.1 or 10.1.0.0/16", text)
		}
		if prefix.Bits() == 0 {
			return nil, usage("--trusted-proxies: %q is everyone; name the proxies", text)
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}

// network builds the one way out to the sites.
func (c *config) network() (*wordpress.Network, error) {
	n := wordpress.Config{Concurrency: c.concurrency, PerAddress: c.perAddress, UserAgent: "Drover (+" + c.publicURL + ")"}
	for _, text := range c.allowNets {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, usage("--allow-nets: %q is not a network; write it as 10.1.0.0/16", text)
		}
		n.AllowNets = append(n.AllowNets, prefix)
	}
	var err error
	if n.RootCAs, err = authorities(c.caFile); err != nil {
		return nil, err
	}
	if n.Hosts, err = c.hosts(); err != nil {
		return nil, err
	}
	return wordpress.NewNetwork(n), nil
}

// hosts reads the names that are answered before DNS. The default file may be missing, a named one may not.
func (c *config) hosts() (map[string]netip.Addr, error) {
	name := c.hostsFile
	if name == "" {
		name = filepath.Join(c.data, "hosts")
	}
	file, err := os.Open(name)
	if os.IsNotExist(err) && c.hostsFile == "" {
		return nil, nil
	}
	if err != nil {
		return nil, usage("--hosts-file: %w", err)
	}
	defer file.Close()
	hosts := map[string]netip.Addr{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		addr, err := netip.ParseAddr(fields[0])
		if err != nil || len(fields) < 2 {
			return nil, usage("--hosts-file: line %d of %s is not an IP address followed by names", n, name)
		}
		for _, host := range fields[1:] {
			hosts[strings.ToLower(host)] = addr
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("hosts file: %w", err)
	}
	return hosts, nil
}
