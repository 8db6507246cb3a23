// Command drover runs operations on many WordPress sites at once: a web dashboard (drover serve) and the same on the command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
)

// Exit codes, as the command line promises them.
const (
	exitOK      = 0
	exitTrouble = 1 // a target failed, or Drover could not do what was asked
	exitUsage   = 2
	exitRefused = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	setCollector()
	os.Exit(execute(ctx, os.Args[1:]))
}

// execute runs the command line and returns its exit code.
func execute(ctx context.Context, args []string) int {
	root := command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var code exit
	if err == nil || errors.As(err, &code) && code.err == nil {
		return int(code.code)
	}
	fmt.Fprintln(root.ErrOrStderr(), "drover:", err)
	return exitCode(err)
}

// exit is an error that carries its exit code; without err, everything was said already.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// usage marks an error as one of the call's words.
func usage(format string, args ...any) error {
	return exit{exitUsage, fmt.Errorf(format, args...)}
}

func exitCode(err error) int {
	var coded exit
	var problems validation.Problems
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, access.ErrForbidden):
		return exitRefused
	case errors.As(err, &problems):
		return exitUsage
	}
	return exitTrouble
}

func command() *cobra.Command {
	c := &config{}
	root := &cobra.Command{
		Use:   "drover",
		Short: "Run any operation on many WordPress sites at once, and know what happened",
		Long: `Drover runs an operation on many WordPress sites at once, and shows what happened on each.

Start with   drover demo                     a dashboard with simulated sites, nothing to set up
or with      drover serve                    an empty dashboard; the first start prints a link that sets up the owner's account
             drover sites import sites.csv   sites from a file with the columns url,username,application_password,client,tags
             drover run clear-cache --all    the first run

Every command works on the same data, while a server runs or without one.`,
		Version:       thisVersion().Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exit{exitUsage, err} })
	c.register(root)
	arrange(root, map[string][]*cobra.Command{
		"start": {demoCommand(c), serveCommand(c), installCommand(c)},
		"work":  {sitesCommand(c), runCommand(c), runsCommand(c), operationsCommand(c)},
		"team":  {membersCommand(c), tokensCommand(c), auditCommand(c)},
		"care":  {backupCommand(c), restoreCommand(c), keysCommand(c), compactCommand(c), doctorCommand(c), healthcheckCommand(c), versionCommand()},
	})
	refuseStrangers(root)
	return root
}

// refuseStrangers makes wrong arguments an error of usage, for every command below.
func refuseStrangers(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usage("%w; see %s --help", err, cmd.CommandPath())
			}
			return nil
		}
	}
	for _, child := range c.Commands() {
		refuseStrangers(child)
	}
}

// group is a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return usage("choose a command; see %s --help", cmd.CommandPath())
	}}
	c.AddCommand(children...)
	return c
}
