package main

import (
	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/web"
)

// selecting is the flags that choose sites.
type selecting struct {
	all                 bool
	clients, tags, urls []string
}

func (s *selecting) register(c *config, cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.all, "all", false, "all sites")
	f.StringArrayVar(&s.clients, "client", nil, "sites of this client; repeat for more clients")
	f.StringArrayVar(&s.tags, "tag", nil, "sites with this tag; repeat for more tags; narrows --client")
	f.StringArrayVar(&s.urls, "site", nil, "this site, by its URL; repeat for more; added to the other choices")
	for name, values := range map[string]func(web.SiteLine) []string{
		"client": func(s web.SiteLine) []string { return []string{s.Client} },
		"tag":    func(s web.SiteLine) []string { return s.Tags },
		"site":   func(s web.SiteLine) []string { return []string{s.Site} },
	} {
		complete := func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return c.completeSites(cmd, values)
		}
		if err := cmd.RegisterFlagCompletionFunc(name, complete); err != nil {
			panic(err) // the flag is defined above
		}
	}
}

func (s *selecting) selection() sites.Selection {
	return sites.Selection{All: s.all, Clients: s.clients, Tags: s.tags, Homes: s.urls}
}

func (s *selecting) empty() bool {
	return !s.all && len(s.clients)+len(s.tags)+len(s.urls) == 0
}

// orAll is what the flags choose; without any, all sites are meant.
func (s *selecting) orAll() sites.Selection {
	if s.empty() {
		s.all = true
	}
	return s.selection()
}
