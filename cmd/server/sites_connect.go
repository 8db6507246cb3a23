package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/connect"
)

// connectFlags say from where sites are connected, and what is to be known of them.
type connectFlags struct {
	wpcli, fromStdin, asJSON, all bool
	mainwp, network, user, client string
	tags, only                    []string
}

func sitesConnectCommand(c *config) *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:   "connect (--wp-cli [FILE] | --mainwp URL | --network URL)",
		Short: "Connect many sites from the server side",
		Long: `Connect many sites from the server side.

--wp-cli prints a shell script for people with SSH. It creates an application password with WP-CLI on each site of a list, and prints them as CSV
that drover sites import - takes. FILE is the list, one site per line: ADDRESS, WHERE, USER. WHERE is the path of WordPress, an alias such as
@acme, or an SSH host such as www@acme.example/srv/www. A line may also be a WHERE alone: WordPress then reports its URL. Without FILE, the
script reads the list itself. Write - for FILE to read the standard input. The script contains no secrets; its output does.

--mainwp reads the sites of a MainWP dashboard, with their clients and tags, into the queue of sites to approve. The user is an administrator of
the dashboard, and the password an application password there. It is used once, and not stored.

--network lists the sites of a WordPress multisite network that the user belongs to, as the network's xmlrpc.php names them, and stores nothing.
With --all-listed or --site, it stores the same credential for those sites, and checks each.`,
		Example: `  drover sites connect --wp-cli sites.txt --user drover > connect.sh
  sh connect.sh | drover sites import -
  drover sites connect --mainwp https://dashboard.example --user mara --password-stdin < password.txt`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !f.oneWay():
				return usage("choose one way to connect sites: --wp-cli, --mainwp or --network")
			case f.wpcli:
				return printScript(cmd, f, args)
			case len(args) > 0:
				return usage("only --wp-cli takes a file")
			}
			if f.network != "" {
				return c.connectNetwork(cmd, f)
			}
			return c.connectMainWP(cmd, f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.wpcli, "wp-cli", false, "print a script for people with SSH that creates application passwords with WP-CLI")
	flags.StringVar(&f.mainwp, "mainwp", "", "URL of a MainWP dashboard, whose sites are to be connected")
	flags.StringVar(&f.network, "network", "", "URL of a WordPress multisite network, whose sites are to be connected")
	flags.BoolVar(&f.all, "all-listed", false, "with --network: connect all sites on the network's own domain that are not in the list yet")
	flags.StringArrayVar(&f.only, "site", nil, "with --network: connect the site at this URL, listed or not; repeat for more")
	flags.StringVar(&f.user, "user", "", "WordPress username; with --wp-cli, whom the passwords are for (default: the first administrator of each site)")
	flags.BoolVar(&f.fromStdin, "password-stdin", false, "read the application password from standard input")
	flags.BoolVar(&f.asJSON, "json", false, "print the result as one JSON object")
	flags.StringVar(&f.client, "client", "", "client that the sites belong to")
	flags.StringArrayVar(&f.tags, "tag", nil, "tag of the sites; repeat for more")
	return cmd
}

// oneWay tells whether one way to connect sites was chosen, and no second one.
func (f connectFlags) oneWay() bool {
	ways := 0
	for _, chosen := range []bool{f.wpcli, f.mainwp != "", f.network != ""} {
		if chosen {
			ways++
		}
	}
	return ways == 1
}

// source is the site that lists others, with the credential that was given.
func (f connectFlags) source(cmd *cobra.Command, address string) (connect.Source, error) {
	if f.user == "" {
		return connect.Source{}, usage("--user is missing: the WordPress user whom the application password belongs to")
	}
	password, err := readPassword(cmd, f.fromStdin)
	return connect.Source{URL: address, Username: f.user, Password: password}, err
}

func (c *config) connectMainWP(cmd *cobra.Command, f connectFlags) error {
	source, err := f.source(cmd, f.mainwp)
	if err != nil {
		return err
	}
	return c.withData(cmd, func(h *app) error {
		ctx := cmd.Context()
		listed, err := h.connect.AddMainWP(ctx, commandLine(), source, connect.Wanted{Client: f.client, Tags: f.tags})
		if err != nil {
			return asUsage(err)
		}
		if err := h.connect.Look(ctx, commandLine(), listed.Added); err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if f.asJSON {
			printJSON(out, map[string]any{"dashboard": listed.Home, "listed": listed.Listed, "added": len(listed.Added), "known": listed.Known,
				"waiting": listed.Waiting, "outside": listed.Outside, "bad": listed.Bad, "missing": listed.Missing})
			return nil
		}
		fmt.Fprintln(out, listed)
		if len(listed.Added) > 0 {
			fmt.Fprintf(out, "Approve them at %s/connect\n", strings.TrimSuffix(c.publicURL, "/"))
		}
		return nil
	})
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
	if err != nil {
		return asUsage(err)
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), script)
	return err
}
