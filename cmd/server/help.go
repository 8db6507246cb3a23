package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// Groups of commands in drover --help, in their order.
var groups = []*cobra.Group{
	{ID: "start", Title: "Start:"},
	{ID: "work", Title: "Sites and runs:"},
	{ID: "team", Title: "Team and audit log:"},
	{ID: "care", Title: "Keep it running:"},
}

// usageText lists a command's own flags alone: the settings that all commands share have a page of their own.
const usageText = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if and .HasAvailableSubCommands .HasParent}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$all := .Commands}}{{if .Groups}}{{range $group := .Groups}}

{{.Title}}{{range $all}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}

Other:{{range $all}}{{if and (eq .GroupID "") (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{else}}

Commands:{{range $all}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{with ownFlags .}}

Flags:
{{.}}{{end}}

Settings such as --data and --server are flags of every command, and environment variables: see drover help settings{{if .HasAvailableSubCommands}}
See {{.CommandPath}} COMMAND --help for a command's own flags.{{end}}
`

// ownFlags are the flags that the command defines itself; the root's own are the settings.
func ownFlags(cmd *cobra.Command) string {
	flags := cmd.NonInheritedFlags()
	if !cmd.HasParent() {
		flags = cmd.LocalNonPersistentFlags()
	}
	return strings.TrimRight(flags.FlagUsagesWrapped(max(terminalWidth(cmd.OutOrStdout()), 100)), "\n")
}

// settingsTopic is drover help settings.
func settingsTopic(root *cobra.Command) *cobra.Command {
	topic := &cobra.Command{Use: "settings", Short: "The settings that all commands share, as flags and environment variables"}
	topic.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		out := cmd.OutOrStdout()
		_, _ = out.Write([]byte("Every command takes these settings as flags, or from the environment: --data is DROVER_DATA, --public-url is " +
			"DROVER_PUBLIC_URL.\nA flag wins over the environment.\n\n"))
		_, _ = out.Write([]byte(root.PersistentFlags().FlagUsagesWrapped(max(terminalWidth(out), 100))))
	})
	return topic
}

// arrange groups the root's commands, and gives all of them the usage above.
func arrange(root *cobra.Command, grouped map[string][]*cobra.Command) {
	cobra.AddTemplateFunc("ownFlags", ownFlags)
	root.SetUsageTemplate(usageText)
	root.AddGroup(groups...)
	for _, g := range groups {
		for _, cmd := range grouped[g.ID] {
			cmd.GroupID = g.ID
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(settingsTopic(root))
}
