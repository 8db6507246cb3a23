package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/remote"
)

func doctorCommand(c *config) *cobra.Command {
	var site string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor [--site URL]",
		Short: "Check settings, key, database, clock, DNS, TLS, disk and limits, and show how to fix problems",
		Long: `Check settings, key file, database and schema, clock, DNS, TLS to a site, proxies, disk, file limits and backups.
A missing or outdated database is created or migrated, as serve would do. Nothing else is changed, and no password is
sent anywhere. It exits with 0 when there is nothing to fix, else with 1. With --json, each line is {"check","state","found","fix"}.`,
		Example: "  drover doctor --site https://acme.example",
		Args:    cobra.NoArgs,
		// A setting that cannot be read is one of the findings.
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return nil },
		RunE: func(cmd *cobra.Command, _ []string) error {
			return report(cmd.OutOrStdout(), c.diagnose(cmd, site), asJSON)
		},
	}
	cmd.Flags().StringVar(&site, "site", "", "also look up and connect to this site")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return cmd
}

// checkTime bounds one check that asks the network or the database.
const checkTime = 20 * time.Second

func (c *config) diagnose(cmd *cobra.Command, site string) []diagnosis {
	if err := c.load(cmd); err != nil {
		return []diagnosis{wrong("settings", err.Error(), "Correct the setting; see drover help settings.")}
	}
	ctx := cmd.Context()
	all := []diagnosis{fine("settings", "they can be read; data folder %s", c.data)}
	for _, check := range []func(context.Context) []diagnosis{
		c.checkKey, c.checkDatabase, c.checkClock, c.checkDisk, c.checkFiles, c.checkProxies, c.checkBackups,
		func(ctx context.Context) []diagnosis { return c.checkSite(ctx, site) },
	} {
		limited, cancel := context.WithTimeout(ctx, checkTime)
		all = append(all, check(limited)...)
		cancel()
	}
	return all
}

func report(out io.Writer, all []diagnosis, asJSON bool) error {
	problems := 0
	tint := colours(out)
	for _, f := range all {
		if f.State == "fix" {
			problems++
		}
		if asJSON {
			printJSON(out, f)
			continue
		}
		word := fmt.Sprintf("%-8s", f.State)
		if code := tints[f.State]; tint && code != "" {
			word = "\x1b[" + code + "m" + word + "\x1b[0m"
		}
		fmt.Fprintf(out, "%s%-10s %s\n", word, f.Check, oneLine(f.Found))
		if f.Fix != "" {
			fmt.Fprintf(out, "%18s %s\n", "", oneLine(f.Fix))
		}
	}
	if problems == 0 {
		return nil
	}
	if !asJSON {
		fmt.Fprintf(out, "%d to fix\n", problems)
	}
	return exit{code: exitTrouble}
}

func healthcheckCommand(c *config) *cobra.Command {
	var ready bool
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Check whether the server on this machine is running, for a container's HEALTHCHECK",
		Long:  "Check whether the server on --addr is running, or with --ready whether its database, schema, key and queue are ready. It exits with 0 or 1.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			page := "/healthz"
			if ready {
				page = "/readyz"
			}
			address, err := remote.Local(c.addr)
			if err != nil {
				return usage("--addr: %w", err)
			}
			return remote.Healthy(cmd.Context(), address, page, c.tlsName())
		},
	}
	cmd.Flags().BoolVar(&ready, "ready", false, "check whether it is ready, not only whether it is running")
	return cmd
}
