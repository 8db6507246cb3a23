package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/database"
)

// What scripts/release sets with -ldflags; a build from a checkout takes them from Git, as Go recorded it.
var (
	version   string
	commit    string
	committed string
)

// versionLine is what drover version prints with --json.
type versionLine struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Date    string `json:"date"` // of the commit
	Go      string `json:"go"`
	System  string `json:"system"`
	Schema  int64  `json:"schema"` // the last database migration that this program knows
}

func thisVersion() versionLine {
	v := versionLine{version, commit, committed, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, database.Schema()}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return v
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	for into, from := range map[*string]string{&v.Version: info.Main.Version, &v.Commit: settings["vcs.revision"], &v.Date: settings["vcs.time"]} {
		if *into == "" {
			*into = from
		}
		if *into == "" || *into == "(devel)" {
			*into = "unknown"
		}
	}
	if settings["vcs.modified"] == "true" && version == "" {
		v.Commit += " with changes"
	}
	return v
}

func versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, commit, date, Go version and database schema",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := thisVersion()
			if asJSON {
				printJSON(cmd.OutOrStdout(), v)
				return nil
			}
			fmt.Fprintf(cmd.OutOrStdout(), "drover %s\ncommit  %s\ndate    %s\ngo      %s %s\nschema  %d\n", v.Version, v.Commit, v.Date, v.Go, v.System, v.Schema)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}
