package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/web"
)

// complete completes a word from what is stored, here or on the server; a shell's completion has nowhere to show an error.
func (c *config) complete(cmd *cobra.Command, values func(client) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	var names []string
	if c.load(cmd) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	_ = c.withClient(cmd.Context(), func(d client) (err error) {
		names, err = values(d)
		return err
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeSites completes from what the sites have, with how many have it.
func (c *config) completeSites(cmd *cobra.Command, values func(web.SiteLine) []string) ([]string, cobra.ShellCompDirective) {
	return c.complete(cmd, func(d client) ([]string, error) {
		all, err := d.sites(cmd.Context(), sites.Selection{All: true}, nil)
		counts := map[string]int{}
		for _, s := range all {
			for _, value := range values(s) {
				counts[value]++
			}
		}
		delete(counts, "")
		return lines(slices.Sorted(maps.Keys(counts)), func(value string) string {
			if n := counts[value]; n > 1 {
				return fmt.Sprintf("%s\t%d sites", value, n)
			}
			return value
		}), err
	})
}

// completeSite completes the URL of a site as an argument.
func (c *config) completeSite(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return c.completeSites(cmd, func(s web.SiteLine) []string { return []string{s.Site} })
}
