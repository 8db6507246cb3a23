package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/web"
)

func operationsCommand(c *config) *cobra.Command {
	return group("operations", "List, run, export and import saved operations", operationsListCommand(c), operationsRunCommand(c),
		operationsExportCommand(c), operationsImportCommand(c))
}

func operationsListCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List saved operations, those that come with Drover last",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withClient(cmd.Context(), func(d client) error {
				all, err := d.operations(cmd.Context())
				if err != nil {
					return err
				}
				rows := table{heads: []string{"NAME", "METHOD", "PATH", "ABOUT"}}
				for _, o := range all {
					if asJSON {
						printJSON(cmd.OutOrStdout(), o)
					}
					rows.add(o.Name, o.Method, o.Path, o.Sentence)
				}
				if !asJSON {
					rows.print(cmd.OutOrStdout())
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return cmd
}

func operationsRunCommand(c *config) *cobra.Command {
	var s starting
	cmd := &cobra.Command{
		Use:     "run NAME (--all | --client C | --tag T | --site URL)…",
		Short:   "Run a saved operation; exit codes are those of drover run",
		Example: `  drover operations run "Plugins and versions" --tag care-plan --answers --csv > plugins.csv`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := s.spec("request")
			if err == nil {
				err = s.checkAnswers()
			}
			if err != nil {
				return err
			}
			return c.withClient(cmd.Context(), func(d client) error {
				o, err := savedOperation(cmd, d, args[0])
				if err != nil {
					return err
				}
				return s.run(cmd, d, s.with(spec, o))
			})
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return c.complete(cmd, func(d client) ([]string, error) {
				all, err := d.operations(cmd.Context())
				return lines(all, func(o web.OperationLine) string { return o.Name + "\t" + o.Sentence }), err
			})
		},
	}
	s.register(c, cmd)
	return cmd
}

// with is the spec with what the saved operation sends. From elsewhere, its columns do not come along with the run, so they are asked for.
func (s *starting) with(spec runs.Spec, o web.OperationLine) runs.Spec {
	for name, value := range o.Params() {
		if _, given := spec.Params[name]; !given {
			spec.Params[name] = value
		}
	}
	spec.Table = o.Table
	if o.Sends(spec.Params) {
		spec.Saved = o.Name
	}
	return spec
}

// savedOperation finds one by its name; capitals do not matter.
func savedOperation(cmd *cobra.Command, d client, name string) (web.OperationLine, error) {
	all, err := d.operations(cmd.Context())
	if err != nil {
		return web.OperationLine{}, err
	}
	for _, o := range all {
		if strings.EqualFold(o.Name, name) {
			return o, nil
		}
	}
	return web.OperationLine{}, usage("there is no saved operation %q; see drover operations list", name)
}

func operationsExportCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write the team's saved operations to a file, or print them",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withClient(cmd.Context(), func(d client) error {
				all, err := d.operations(cmd.Context())
				if err != nil {
					return err
				}
				var own []saved.Definition
				for _, o := range all {
					if !o.Builtin {
						own = append(own, o.Definition)
					}
				}
				text, err := saved.File(own)
				if err != nil {
					return err
				}
				if len(args) == 0 || args[0] == "-" {
					fmt.Fprintf(cmd.OutOrStdout(), "%s\n", text)
					return nil
				}
				return os.WriteFile(args[0], append(text, '\n'), 0o600)
			})
		},
	}
}

// longestOperations bounds a file of saved operations, in bytes.
const longestOperations = 1 << 20

func operationsImportCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Save the operations of a file that was exported from Drover",
		Long:  "Save the operations of a file that was exported from Drover. An operation that is invalid or whose name is taken is skipped and listed.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := openFile(cmd, args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			text, err := io.ReadAll(io.LimitReader(file, longestOperations+1))
			if err != nil || len(text) > longestOperations {
				return usage("%s cannot be read, or is larger than 1 MB", args[0])
			}
			return c.withData(cmd, func(h *app) error {
				added, left, err := saved.New(h.db, h.log).Import(cmd.Context(), commandLine(), text)
				if err != nil {
					return err
				}
				return reportOperations(cmd.OutOrStdout(), added, left, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func reportOperations(out io.Writer, added int, left []string, asJSON bool) error {
	if asJSON {
		printJSON(out, map[string]any{"added": added, "left_out": append([]string{}, left...)})
	} else {
		for _, name := range left {
			fmt.Fprintln(out, "left out:", name)
		}
		fmt.Fprintf(out, "%d added, %d left out\n", added, len(left))
	}
	if len(left) > 0 {
		return exit{code: exitTrouble}
	}
	return nil
}
