package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// refuseStrangers makes wrong arguments an error of usage, for every command below.
func refuseStrangers(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil && strings.Contains(err.Error(), "arg(s)") {
				return usage("the number of arguments is wrong; write %s, or see %s --help", cmd.UseLine(), cmd.CommandPath())
			} else if err != nil {
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

// refuseUnknownTopics makes help and completion say that they do not know a word, where Cobra shows what it was not asked for.
func refuseUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Args = func(_ *cobra.Command, args []string) error {
				if found, left, err := root.Find(args); err != nil || found.HasSubCommands() && len(left) > 0 {
					return usage("unknown command %q; see drover --help", strings.Join(args, " "))
				}
				return nil
			}
		case "completion":
			c.Args, c.RunE = cobra.ArbitraryArgs, func(*cobra.Command, []string) error {
				return usage("choose a shell: drover completion bash, zsh, fish or powershell")
			}
		}
	}
}
