package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/sites"
)

// accessFlags are what a member is held to.
func accessFlags(cmd *cobra.Command, b *access.Restriction) {
	cmd.Flags().StringArrayVar(&b.Clients, "client", nil, "only the sites of this client (repeat for several)")
	cmd.Flags().StringArrayVar(&b.Tags, "tag", nil, "only the sites with this tag (repeat for several)")
	cmd.Flags().StringArrayVar(&b.Operations, "operation", nil, "only this operation, or read, change or destroy for all of that effect (repeat for several)")
}

// checkSiteFlags writes tags as they are stored, and warns of clients and tags that no site has, most often a slip of the pen.
func checkSiteFlags(cmd *cobra.Command, h *app, b *access.Restriction) error {
	if b.EverySite() {
		return nil
	}
	if typed := b.Tags; len(typed) > 0 {
		if b.Tags = sites.CleanTags(typed); len(b.Tags) == 0 {
			return usage("--tag: %q is not a tag", strings.Join(typed, " "))
		}
	}
	found, err := h.registry.Facets(cmd.Context(), commandLine())
	if err != nil {
		return err
	}
	for _, client := range b.Clients {
		if !slices.ContainsFunc(found.Clients, func(c sites.Count) bool { return access.HasClient([]string{c.Value}, client) }) {
			fmt.Fprintf(cmd.ErrOrStderr(), "No site belongs to the client %q yet.\n", client)
		}
	}
	for _, tag := range b.Tags {
		if !slices.ContainsFunc(found.Tags, func(c sites.Count) bool { return c.Value == tag }) {
			fmt.Fprintf(cmd.ErrOrStderr(), "No site has the tag %q yet.\n", tag)
		}
	}
	return nil
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
