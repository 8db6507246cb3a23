package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/validation"
)

// connectFlags say from where sites are connected, and what is to be known of them.
type connectFlags struct {
	wpcli        bool
	user, client string
	tags         []string
}

func sitesConnectCommand(c *config) *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:   "connect --wp-cli [FILE]",
		Short: "Connect many sites from the server side",
		Long: `Connect many sites from the server side.

--wp-cli prints a shell script for people with SSH. It creates an application password with WP-CLI on each site of a list, and prints them as CSV
that drover sites import - takes. FILE is the list, one site to a line: ADDRESS, WHERE, USER. WHERE is the path of WordPress, an alias such as
@acme, or an SSH host such as www@acme.example/srv/www. A line may also be a WHERE alone: WordPress then tells its address. Without FILE, the
script reads the list itself. Write - for FILE to read the standard input. The script holds no secret; what it prints does.`,
		Example: `  drover sites connect --wp-cli sites.txt --user drover > connect.sh
  sh connect.sh | drover sites import -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !f.wpcli {
				return usage("choose from where to connect sites: --wp-cli")
			}
			return printScript(cmd, f, args)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.wpcli, "wp-cli", false, "print a script for people with SSH that creates application passwords with WP-CLI")
	flags.StringVar(&f.user, "user", "", "the WordPress user whom the passwords are for (default with --wp-cli: the first administrator of each site)")
	flags.StringVar(&f.client, "client", "", "client that the sites belong to")
	flags.StringArrayVar(&f.tags, "tag", nil, "tag of the sites; repeat for more")
	return cmd
}

// mostScripted bounds the list that a script is made from, in bytes.
const mostScripted = 8 << 20

func printScript(cmd *cobra.Command, f connectFlags, args []string) error {
	var list []byte
	if len(args) == 1 {
		file, err := openFile(cmd, args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		if list, err = io.ReadAll(io.LimitReader(file, mostScripted)); err != nil {
			return err
		}
	}
	script, err := connect.WPCLI(connect.Script{Sites: string(list), Username: f.user, Client: f.client, Tags: f.tags})
	if p, is := errors.AsType[validation.Problems](err); is {
		return usage("%w", p)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), script)
	return err
}
