package main

import "github.com/spf13/cobra"

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
