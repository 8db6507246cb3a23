package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
)

func membersCommand(c *config) *cobra.Command {
	return group("members", "List, add, invite, change and remove members of the team", membersListCommand(c), membersAddCommand(c), membersInviteCommand(c),
		membersRoleCommand(c), membersScopeCommand(c), membersResetCommand(c), membersRemoveCommand(c))
}

func roleFlag(cmd *cobra.Command, role *string, usual access.Role) {
	cmd.Flags().StringVar(role, "role", string(usual), "viewer, operator, admin or owner")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions([]string{"viewer", "operator", "admin", "owner"}, cobra.ShellCompDirectiveNoFileComp))
}

func membersAddCommand(c *config) *cobra.Command {
	var restriction access.Restriction
	var role, name string
	var fromStdin bool
	cmd := &cobra.Command{
		Use:     "add EMAIL",
		Short:   "Add a member with a password",
		Example: "  drover members add mara@agency.example --role owner --password-stdin < password.txt",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOperations(restriction); err != nil {
				return err
			}
			password, err := readPassword(cmd, fromStdin)
			if err != nil {
				return err
			}
			if name == "" {
				name, _, _ = strings.Cut(args[0], "@")
			}
			return c.withData(cmd, func(h *app) error {
				if err := checkSiteFlags(cmd, h, &restriction); err != nil {
					return err
				}
				m, err := h.roster.Add(cmd.Context(), commandLine(), members.Member{Email: args[0], Name: name, Role: access.Role(role), Restriction: restriction},
					password)
				if err != nil {
					return asUsage(err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is now a member, as %s.\n", m.Email, m.Role)
				return nil
			})
		},
	}
	roleFlag(cmd, &role, access.Operator)
	accessFlags(cmd, &restriction)
	cmd.Flags().StringVar(&name, "name", "", "name to show (default: the part before the @)")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

func readPassword(cmd *cobra.Command, fromStdin bool) (vault.Secret, error) {
	if fromStdin {
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return vault.Secret{}, err
		}
		return vault.NewSecret(strings.TrimRight(line, "\r\n")), nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return vault.Secret{}, usage("use --password-stdin to read the password from standard input")
	}
	fmt.Fprint(cmd.ErrOrStderr(), "Password: ")
	typed, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(cmd.ErrOrStderr())
	return vault.NewSecret(string(typed)), err
}

func membersInviteCommand(c *config) *cobra.Command {
	var restriction access.Restriction
	var role string
	cmd := &cobra.Command{
		Use:   "invite EMAIL",
		Short: "Create an invitation link; it works once and expires in 7 days",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOperations(restriction); err != nil {
				return err
			}
			return c.withData(cmd, func(h *app) error {
				if err := checkSiteFlags(cmd, h, &restriction); err != nil {
					return err
				}
				token, err := h.roster.Invite(cmd.Context(), commandLine(), members.Member{Email: args[0], Role: access.Role(role), Restriction: restriction})
				if err != nil {
					return asUsage(err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s/join/%s\n", strings.TrimSuffix(c.publicURL, "/"), token.Reveal())
				return nil
			})
		},
	}
	roleFlag(cmd, &role, access.Operator)
	accessFlags(cmd, &restriction)
	return cmd
}

func membersResetCommand(c *config) *cobra.Command {
	var lift bool
	cmd := &cobra.Command{
		Use:   "reset EMAIL",
		Short: "Create a one-time link for a member to choose a new password; it expires in an hour",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withData(cmd, func(h *app) error {
				m, err := h.roster.ByEmail(cmd.Context(), args[0])
				if err != nil {
					return exit{exitUsage, err}
				}
				token, err := h.roster.ResetLink(cmd.Context(), commandLine(), m.ID, lift)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s/reset/%s\n", strings.TrimSuffix(c.publicURL, "/"), token.Reveal())
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&lift, "second-factor", false, "also remove the second factor when the link is used")
	return cmd
}
