package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
)

// memberLine is a member as JSON.
type memberLine struct {
	ID        int64              `json:"id"`
	Email     string             `json:"email"`
	Name      string             `json:"name"`
	Role      access.Role        `json:"role"`
	Scope     access.Restriction `json:"scope"` // empty: all sites and operations
	CreatedAt time.Time          `json:"created_at"`
}

// tokenLine is an API token as JSON; its value is never known again.
type tokenLine struct {
	ID        int64              `json:"id"`
	Member    string             `json:"member"`
	Name      string             `json:"name"`
	Role      access.Role        `json:"role"`
	Scope     access.Restriction `json:"scope"`
	CreatedAt time.Time          `json:"created_at"`
	ExpiresAt time.Time          `json:"expires_at"`
	UsedAt    time.Time          `json:"used_at,omitzero"`
}

// scopeText is a restriction in one line.
func scopeText(r access.Restriction) string {
	var parts []string
	for _, part := range []struct {
		name   string
		values []string
	}{{"client", r.Clients}, {"tag", r.Tags}, {"operation", r.Operations}} {
		for _, value := range part.values {
			parts = append(parts, part.name+"="+value)
		}
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, " ")
}

func dateText(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format(time.DateOnly)
}

func membersListCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the members of the team",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withData(cmd, func(h *app) error {
				all, err := h.roster.Members(cmd.Context(), commandLine())
				if err != nil {
					return err
				}
				rows := table{heads: []string{"EMAIL", "NAME", "ROLE", "SCOPE", "SINCE"}}
				for _, m := range all {
					if asJSON {
						printJSON(cmd.OutOrStdout(), memberLine{m.ID, m.Email, m.Name, m.Role, m.Restriction, m.CreatedAt})
					}
					rows.add(m.Email, m.Name, m.Role, scopeText(m.Restriction), dateText(m.CreatedAt))
				}
				if !asJSON {
					rows.print(cmd.OutOrStdout())
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return cmd
}

// onMember is a command about one member.
func onMember(c *config, cmd *cobra.Command, do func(*cobra.Command, *app, members.Member, []string) (text string, err error)) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withData(cmd, func(h *app) error {
			m, err := h.roster.ByEmail(cmd.Context(), args[0])
			if err != nil {
				return exit{exitUsage, fmt.Errorf("%s: %w; see drover members list", args[0], err)}
			}
			text, err := do(cmd, h, m, args)
			if err != nil {
				return asUsage(err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), text)
			return nil
		})
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return []string{"viewer", "operator", "admin", "owner"}, cobra.ShellCompDirectiveNoFileComp
		}
		return c.completeMembers(cmd), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

func (c *config) completeMembers(cmd *cobra.Command) (emails []string) {
	if c.load(cmd) != nil {
		return nil
	}
	_ = c.withData(cmd, func(h *app) error {
		all, err := h.roster.Members(cmd.Context(), commandLine())
		emails = lines(all, func(m members.Member) string { return m.Email + "\t" + m.Name })
		return err
	})
	return emails
}

func membersRemoveCommand(c *config) *cobra.Command {
	cmd := &cobra.Command{Use: "remove EMAIL", Short: "Remove a member: sessions, links and tokens end immediately; their activity stays in the audit log",
		Args: cobra.ExactArgs(1)}
	return onMember(c, cmd, func(cmd *cobra.Command, h *app, m members.Member, _ []string) (string, error) {
		return m.Email + " is no longer a member.", h.roster.Remove(cmd.Context(), commandLine(), m.ID)
	})
}

func membersRoleCommand(c *config) *cobra.Command {
	cmd := &cobra.Command{Use: "role EMAIL ROLE", Short: "Give a member another role: viewer, operator, admin or owner", Args: cobra.ExactArgs(2),
		Example: "  drover members role mara@agency.example admin"}
	return onMember(c, cmd, func(cmd *cobra.Command, h *app, m members.Member, args []string) (string, error) {
		if !access.Role(args[1]).Valid() {
			return "", usage("%q is not a role; use viewer, operator, admin or owner", args[1])
		}
		return m.Email + " is now " + args[1] + ".", h.roster.ChangeRole(cmd.Context(), commandLine(), m.ID, access.Role(args[1]))
	})
}

func membersScopeCommand(c *config) *cobra.Command {
	var restriction access.Restriction
	var everything bool
	cmd := &cobra.Command{
		Use:   "scope EMAIL (--everything | --client C | --tag T | --operation O)…",
		Short: "Set which sites and operations a member has access to; it replaces what was set before",
		Args:  cobra.ExactArgs(1), Example: "  drover members scope jo@agency.example --client Acme --operation clear-cache --operation read",
	}
	cmd = onMember(c, cmd, func(cmd *cobra.Command, h *app, m members.Member, _ []string) (string, error) {
		if restriction.IsZero() != everything {
			return "", usage("choose --everything, or what the member has access to with --client, --tag and --operation")
		}
		if err := errors.Join(checkOperations(restriction), checkSiteFlags(cmd, h, &restriction)); err != nil {
			return "", err
		}
		return m.Email + " now has access to: " + scopeText(restriction), h.roster.SetAccess(cmd.Context(), commandLine(), m.ID, restriction)
	})
	accessFlags(cmd, &restriction)
	cmd.Flags().BoolVar(&everything, "everything", false, "all sites and operations")
	return cmd
}

func tokensCommand(c *config) *cobra.Command {
	return group("tokens", "List and revoke the members' API tokens", tokensListCommand(c), tokensRevokeCommand(c))
}

func tokensListCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List active API tokens",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withData(cmd, func(h *app) error {
				people, err := h.roster.Members(cmd.Context(), commandLine())
				if err != nil {
					return err
				}
				rows := table{heads: []string{"ID", "MEMBER", "NAME", "ROLE", "SCOPE", "USED", "EXPIRES"}}
				for _, m := range people {
					tokens, err := h.roster.Tokens(cmd.Context(), m.ID)
					if err != nil {
						return err
					}
					for _, t := range tokens {
						if asJSON {
							printJSON(cmd.OutOrStdout(), tokenLine{t.ID, m.Email, t.Name, t.Role, t.Restriction, t.CreatedAt, t.ExpiresAt, t.UsedAt})
						}
						rows.add(t.ID, m.Email, t.Name, t.Role, scopeText(t.Restriction), dateText(t.UsedAt), dateText(t.ExpiresAt))
					}
				}
				if !asJSON {
					rows.print(cmd.OutOrStdout())
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return cmd
}

func tokensRevokeCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID",
		Short: "Revoke an API token: it stops working immediately",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return usage("%q is not the number of a token; see drover tokens list", args[0])
			}
			return c.withData(cmd, func(h *app) error {
				err := h.roster.RevokeToken(cmd.Context(), commandLine(), id)
				if errors.Is(err, members.ErrToken) {
					return usage("there is no active token %d; see drover tokens list", id)
				}
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "Token %d is revoked.\n", id)
				}
				return err
			})
		},
	}
}
