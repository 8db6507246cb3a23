package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/web"
)

// siteFlags describe a site.
type siteFlags struct {
	name, client, username string
	tags                   []string
	fromStdin, asJSON      bool
}

func (f *siteFlags) register(c *config, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "name to show (default: the host, then the site's title)")
	flags.StringVar(&f.client, "client", "", "client that the site belongs to")
	flags.StringArrayVar(&f.tags, "tag", nil, "tag of the site; repeat for more")
	flags.StringVar(&f.username, "username", "", "WordPress user that the application password belongs to")
	flags.BoolVar(&f.fromStdin, "password-stdin", false, "read the application password from standard input")
	flags.BoolVar(&f.asJSON, "json", false, "print the site as one JSON object")
	_ = cmd.RegisterFlagCompletionFunc("client", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return c.completeSites(cmd, func(s web.SiteLine) []string { return []string{s.Client} })
	})
	_ = cmd.RegisterFlagCompletionFunc("tag", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return c.completeSites(cmd, func(s web.SiteLine) []string { return s.Tags })
	})
}

func printSite(out io.Writer, s sites.Site, asJSON bool, text string) {
	if asJSON {
		printJSON(out, web.LineOfSite(s))
		return
	}
	fmt.Fprintf(out, "%s %s\n", s.Home, text)
}

func sitesAddCommand(c *config) *cobra.Command {
	var f siteFlags
	cmd := &cobra.Command{
		Use:     "add URL --username USER",
		Short:   "Add a site with its application password",
		Example: "  drover sites add https://acme.example --username ops --client Acme --tag care-plan --password-stdin < password.txt",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readPassword(cmd, f.fromStdin)
			if err != nil {
				return err
			}
			return c.withData(cmd, func(h *app) error {
				s, err := h.registry.Add(cmd.Context(), commandLine(), sites.Draft{URL: args[0], Name: f.name, Client: f.client, Tags: f.tags, Username: f.username,
					Password: password})
				if err != nil {
					return err
				}
				printSite(cmd.OutOrStdout(), s, f.asJSON, "is added. Check it with: drover sites check --site "+s.Home)
				return nil
			})
		},
	}
	f.register(c, cmd)
	return cmd
}

func sitesEditCommand(c *config) *cobra.Command {
	var f siteFlags
	var url string
	cmd := &cobra.Command{
		Use:   "edit URL",
		Short: "Change a site's URL, name, client, tags or credential; values without a flag are kept",
		Long: `Change a site's URL, name, client, tags or credential; values without a flag are kept. --tag replaces all tags, and --tag "" removes them.

With another URL, the site is unchecked again, and its application password stays only where scheme, host and port stay the same.`,
		Example: "  drover sites edit https://acme.example --client Acme --tag care-plan\n  drover sites edit https://acme.example --username " +
			"ops --password-stdin < password.txt",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.completeSite,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withData(cmd, func(h *app) error {
				s, err := siteAt(cmd, h, args[0])
				if err != nil {
					return err
				}
				if s, err = f.edit(cmd, h, s, url); err != nil {
					return err
				}
				printSite(cmd.OutOrStdout(), s, f.asJSON, "is changed.")
				return nil
			})
		},
	}
	f.register(c, cmd)
	cmd.Flags().StringVar(&url, "url", "", "another URL")
	return cmd
}

// siteAt finds a site by its URL; one that is not in the list is an error of usage.
func siteAt(cmd *cobra.Command, h *app, url string) (sites.Site, error) {
	s, err := h.registry.ByHome(cmd.Context(), commandLine(), url)
	if errors.Is(err, sites.ErrNoSite) {
		return s, usage("%s is not in the list of sites; see drover sites list", url)
	}
	return s, err
}

func (f *siteFlags) edit(cmd *cobra.Command, h *app, s sites.Site, url string) (sites.Site, error) {
	given := cmd.Flags().Changed
	if !given("url") && !given("name") && !given("client") && !given("tag") && !given("username") && !f.fromStdin {
		return s, usage("choose what to change with --url, --name, --client, --tag, --username or --password-stdin")
	}
	d := sites.Draft{URL: s.Home, Name: s.Name, Client: s.Client, Tags: s.Tags}
	for name, set := range map[string]func(){"url": func() { d.URL = url }, "name": func() { d.Name = f.name }, "client": func() { d.Client = f.client },
		"tag": func() { d.Tags = f.tags }} {
		if given(name) {
			set()
		}
	}
	s, err := h.registry.Edit(cmd.Context(), commandLine(), s.ID, d)
	if err != nil || !given("username") && !f.fromStdin {
		return s, err
	}
	password, err := readPassword(cmd, f.fromStdin)
	if err != nil {
		return s, err
	}
	username := f.username
	if username == "" {
		username = s.Credential.Username
	}
	if err := h.registry.ReplaceCredential(cmd.Context(), commandLine(), s.ID, username, password); err != nil {
		return s, err
	}
	return h.registry.Site(cmd.Context(), commandLine(), s.ID)
}

// sitesMarkCommand does the same to all chosen sites.
func sitesMarkCommand(c *config, cmd *cobra.Command, done string, mark func(*cobra.Command, *app, []string, []int64) error) *cobra.Command {
	var chosen selecting
	var asJSON bool
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if chosen.empty() {
			return usage("choose the sites with --all, --client, --tag or --site")
		}
		return c.withData(cmd, func(h *app) error {
			all, err := h.registry.Select(cmd.Context(), commandLine(), chosen.selection())
			if err != nil {
				return err
			}
			ids := lines(all, func(s sites.Site) int64 { return s.ID })
			if err := mark(cmd, h, args, ids); err != nil {
				return err
			}
			return reportMarked(cmd.OutOrStdout(), len(ids), done, asJSON)
		})
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	chosen.register(c, cmd)
	return cmd
}

func reportMarked(out io.Writer, n int, done string, asJSON bool) error {
	if asJSON {
		printJSON(out, map[string]any{"sites": n})
	} else {
		fmt.Fprintf(out, "%s %s\n", english.Plural(n, "site", "sites"), done)
	}
	return nil
}

func sitesTagCommand(c *config) *cobra.Command {
	cmd := &cobra.Command{Use: "tag TAG (--all | --client C | --tag T | --site URL)…", Short: "Add a tag to the selected sites", Args: cobra.ExactArgs(1),
		Example: "  drover sites tag care-plan --client Acme"}
	return sitesMarkCommand(c, cmd, "tagged", func(cmd *cobra.Command, h *app, args []string, ids []int64) error {
		return h.registry.Tag(cmd.Context(), commandLine(), args[0], ids...)
	})
}

func sitesRetireCommand(c *config) *cobra.Command {
	cmd := &cobra.Command{Use: "retire (--all | --client C | --tag T | --site URL)…",
		Short: "Take the selected sites out of every list; nothing is deleted", Args: cobra.NoArgs, Example: "  drover sites retire --site https://acme.example"}
	return sitesMarkCommand(c, cmd, "retired", func(cmd *cobra.Command, h *app, _ []string, ids []int64) error {
		return h.registry.Retire(cmd.Context(), commandLine(), ids...)
	})
}

func sitesRestoreCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "restore URL…",
		Short:   "Put retired sites back into the list",
		Args:    cobra.MinimumNArgs(1),
		Example: "  drover sites restore https://acme.example",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withData(cmd, func(h *app) error {
				var ids []int64
				for _, url := range args {
					s, err := siteAt(cmd, h, url)
					if err != nil {
						return err
					}
					ids = append(ids, s.ID)
				}
				if err := h.registry.Restore(cmd.Context(), commandLine(), ids...); err != nil {
					return err
				}
				return reportMarked(cmd.OutOrStdout(), len(ids), "restored", asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func sitesExportCommand(c *config) *cobra.Command {
	var chosen selecting
	cmd := &cobra.Command{
		Use:   "export [FILE.csv]",
		Short: "Write the sites as CSV, without their passwords; import reads the same columns",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withClient(cmd.Context(), func(d client) error {
				all, err := d.sites(cmd.Context(), chosen.orAll(), nil)
				if err != nil {
					return err
				}
				if len(args) == 0 || args[0] == "-" {
					return exportSites(cmd.OutOrStdout(), all)
				}
				file, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err != nil {
					return usage("%w; nothing was overwritten", err)
				}
				return errors.Join(exportSites(file, all), file.Close())
			})
		},
	}
	chosen.register(c, cmd)
	return cmd
}

func exportSites(out io.Writer, all []web.SiteLine) error {
	w := spreadsheet.NewWriter(out)
	if err := w.Write("url", "name", "client", "tags", "username", "state", "plugin_version"); err != nil {
		return err
	}
	for _, s := range all {
		if err := w.Write(s.Site, s.Name, s.Client, strings.Join(s.Tags, "|"), s.Username, string(s.State), s.PluginVersion); err != nil {
			return err
		}
	}
	return w.Flush()
}
