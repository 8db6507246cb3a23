package main

import (
	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
)

// accessFlags are what a member is held to.
func accessFlags(cmd *cobra.Command, b *access.Restriction) {
	cmd.Flags().StringArrayVar(&b.Clients, "client", nil, "only the sites of this client (repeat for several)")
	cmd.Flags().StringArrayVar(&b.Tags, "tag", nil, "only the sites with this tag (repeat for several)")
	cmd.Flags().StringArrayVar(&b.Operations, "operation", nil, "only this operation, or read, change or destroy for all of that effect (repeat for several)")
}

// checkOperations refuses a slip of the pen, which would hold the member to nothing that there is.
func checkOperations(b access.Restriction) error {
	for _, name := range b.Operations {
		effect := operation.Effect(name)
		if _, found := operation.Find(name); !found && effect != operation.Read && effect != operation.Change && effect != operation.Destroy {
			return usage("--operation: there is no operation %q; use one of those that drover run --help lists, or read, change or destroy", name)
		}
	}
	return nil
}
