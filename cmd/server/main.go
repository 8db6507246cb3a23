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

Every command works on the same data, whether or not a server is running.`,
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
	refuseUnknownTopics(root)
	return root
}
