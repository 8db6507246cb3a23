package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// connectNetwork lists the sites of a network, or connects those that flags choose.
func (c *config) connectNetwork(cmd *cobra.Command, f connectFlags) error {
	source, err := f.source(cmd, f.network)
	if err != nil {
		return err
	}
	return c.withData(cmd, func(h *app) error {
		_, all, err := h.connect.Network(cmd.Context(), commandLine(), source, f.only)
		if err != nil {
			return asUsage(err)
		}
		if !f.all && len(f.only) == 0 {
			f.listNetwork(cmd, all)
			return nil
		}
		return h.addNetwork(cmd, source, f, f.chosen(all))
	})
}

func (f connectFlags) listNetwork(cmd *cobra.Command, all []connect.NetworkSite) {
	rows := table{heads: []string{"SITE", "NAME", "MANAGES", "FINDING"}}
	for _, s := range all {
		finding, manages := s.Problem, "not known"
		switch {
		case s.Site != 0:
			finding = "already in the list"
		case s.Elsewhere:
			finding = "on another domain: choose it with --site"
		}
		if s.Admin {
			manages = "yes"
		}
		if f.asJSON {
			printJSON(cmd.OutOrStdout(), map[string]any{"site": s.Home, "name": s.Name, "admin": s.Admin, "elsewhere": s.Elsewhere, "known": s.Site != 0,
				"problem": s.Problem})
			continue
		}
		rows.add(s.Home, s.Name, manages, finding)
	}
	if !f.asJSON {
		rows.print(cmd.OutOrStdout())
		fmt.Fprintln(cmd.OutOrStdout(), "Nothing was stored. Connect sites with --all-listed, or with --site for each.")
	}
}

// chosen are the sites that --site names, and with --all-listed those that are suggested.
func (f connectFlags) chosen(all []connect.NetworkSite) []connect.NetworkSite {
	var keys []string
	for _, address := range f.only {
		if home, err := wordpress.ParseHome(address); err == nil {
			keys = append(keys, wordpress.SiteKey(home))
		}
	}
	return slices.DeleteFunc(all, func(s connect.NetworkSite) bool {
		return !(f.all && s.Suggested()) && !slices.Contains(keys, wordpress.SiteKey(s.Home))
	})
}

// addNetwork stores the credential for the sites, and checks them.
func (h *app) addNetwork(cmd *cobra.Command, source connect.Source, f connectFlags, chosen []connect.NetworkSite) error {
	file, err := connect.NetworkFile(source, chosen, f.client, f.tags)
	if err != nil {
		return err
	}
	lines, err := h.registry.ImportFrom(cmd.Context(), commandLine(), sites.Source{File: bytes.NewReader(file)})
	if err != nil {
		return err
	}
	var ids []int64
	for _, line := range lines {
		if line.Stored() {
			ids = append(ids, line.SiteID)
		}
	}
	if err := reportImport(cmd.OutOrStdout(), lines, f.asJSON, false); err != nil || len(ids) == 0 {
		return err
	}
	stored, err := h.registry.Select(cmd.Context(), commandLine(), sites.Selection{IDs: ids})
	if err != nil {
		return err
	}
	var failed error
	h.registry.CheckAll(cmd.Context(), commandLine(), stored, func(s sites.Site, report wordpress.Report, failure error) {
		if failure != nil {
			failed = failure
			return
		}
		if !f.asJSON {
			printReport(cmd.OutOrStdout(), s, report)
		}
	})
	return failed
}
