package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
)

func sitesLimitCommand(c *config) *cobra.Command {
	var chosen selecting
	var username, table string
	var fromStdin, asJSON bool
	cmd := &cobra.Command{
		Use:   "limit (--all | --client C | --tag T | --site URL)…",
		Short: "Replace administrators' credentials with limited users",
		Long: `Replace administrators' credentials with limited users.

On each site, Drover creates a user with the lowest of the roles subscriber, contributor, author and editor that can clear the cache,
gives it an application password, signs in with it, and stores it. It uses the stored credential if that belongs to an administrator, the one of
--admin, or the one that --admins has for the site: they are not stored. If no such role can clear the cache, the user is deleted again: let a
role purge in the settings of the cache plugin first. WordPress cannot create roles over REST, so these users also have the other permissions of
their role. A call that was stopped leaves nothing behind that the next one does not reuse or remove.`,
		Example: `  drover sites limit --client Acme
  drover sites limit --site https://acme.example --admin mara --password-stdin < password.txt
  drover sites limit --tag care-plan --admins administrators.csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if chosen.empty() {
				return usage("choose the sites with --all, --client, --tag or --site")
			}
			var admin sites.AdminLogin
			if username != "" {
				password, err := readPassword(cmd, fromStdin)
				if err != nil {
					return err
				}
				admin = sites.AdminLogin{Username: username, Password: password}
			}
			return c.withData(cmd, func(h *app) error {
				all, err := h.registry.Select(cmd.Context(), commandLine(), chosen.selection())
				if err != nil {
					return err
				}
				order := sites.LimitOrder{Admin: admin}
				if table != "" {
					if order.Admins, err = readAdmins(cmd, table, all); err != nil {
						return err
					}
				}
				return h.limitUsers(cmd, all, order, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&username, "admin", "", "WordPress username of an administrator, if the stored credential does not belong to one")
	cmd.Flags().StringVar(&table, "admins", "", "file with one administrator's credential for each site: url,username,application_password; - is standard input")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the administrator's application password from standard input")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	chosen.register(c, cmd)
	return cmd
}

// readAdmins reads the administrators' credentials of the sites. Nothing is begun where a line cannot be used.
func readAdmins(cmd *cobra.Command, name string, all []sites.Site) (map[int64]sites.AdminLogin, error) {
	file := cmd.InOrStdin()
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer opened.Close()
		file = opened
	}
	admins, unused, err := sites.ReadAdmins(file, all)
	for _, line := range unused {
		fmt.Fprintf(cmd.ErrOrStderr(), "line %d, %s: %s\n", line.Number, line.URL, line.Reason)
	}
	if err == nil && len(unused) > 0 {
		err = fmt.Errorf("%s cannot be used: %s; nothing was changed", name, english.Plural(len(unused), "bad line", "bad lines"))
	}
	return admins, err
}

// limitUsers makes the users one after the other, and says what came of each.
func (h *app) limitUsers(cmd *cobra.Command, all []sites.Site, order sites.LimitOrder, asJSON bool) error {
	done, out := 0, cmd.OutOrStdout()
	for _, s := range all {
		limited, err := h.registry.LimitUser(cmd.Context(), commandLine(), s.ID, order.AdminOf(s.ID))
		if cmd.Context().Err() != nil {
			return err
		}
		finding := strings.TrimSpace(limited.Finding + " " + limited.Fix)
		if p, is := errors.AsType[validation.Problems](err); is {
			finding = strings.TrimSpace(p["username"] + " " + p["application_password"])
		} else if err != nil {
			finding = err.Error()
		}
		if limited.Step == sites.LimitDone {
			done++
			if _, err := h.registry.Check(cmd.Context(), commandLine(), s.ID); err != nil && cmd.Context().Err() == nil {
				return err
			}
		}
		switch {
		case asJSON:
			printJSON(out, map[string]any{"site": s.Home, "step": limited.Step, "username": limited.Username, "role": limited.Role, "finding": finding})
		case limited.Step == sites.LimitDone:
			fmt.Fprintf(out, "%s: Drover now signs in as %s (%s)\n", s.Home, limited.Username, limited.Role)
		default:
			fmt.Fprintf(out, "%s: not changed. %s\n", s.Home, finding)
		}
	}
	if !asJSON {
		fmt.Fprintf(out, "%d limited, %d not changed\n", done, len(all)-done)
	}
	if done < len(all) {
		return exit{code: exitTrouble}
	}
	return nil
}
