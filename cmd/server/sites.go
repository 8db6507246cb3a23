package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/internal/wordpress"
)

func sitesCommand(c *config) *cobra.Command {
	return group("sites", "Add, import, connect, list, change, check and export sites, and rotate their passwords", sitesListCommand(c), sitesAddCommand(c),
		sitesEditCommand(c), sitesTagCommand(c), sitesRetireCommand(c),
		sitesRestoreCommand(c), sitesCheckCommand(c), sitesRotateCommand(c), sitesLimitCommand(c),
		sitesImportCommand(c), sitesConnectCommand(c), sitesExportCommand(c))
}

func sitesImportCommand(c *config) *cobra.Command {
	var asJSON, preview bool
	var badFile string
	var columns map[string]string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add the sites in a CSV file or Excel workbook, and update the ones that already exist",
		Long: `Add the sites in a CSV file or Excel workbook (.xlsx), and update the ones that already exist.

Columns are recognized by their names in the usual languages, and in the exports of browsers and password managers: the site's URL, username
and application password, and where present its name, client and tags. Where a name is not recognized, choose the column with --map.
--preview shows what would happen, line by line, and stores nothing. Every good line is stored, the first 200 bad ones are listed with the
reason; --bad writes all of them to a file. Importing the same file twice changes nothing. The file may be in UTF-8, UTF-16 or Windows-1252,
with at most 20,000 lines. Write - for FILE to read the standard input.`,
		Example: `  drover sites import sites.csv
  drover sites import clients.xlsx --preview --map url="Site URL" --map username=Login --map application_password="App PW"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := openFile(cmd, args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			return c.withData(cmd, func(h *app) error {
				lines, err := importFile(cmd, h, file, columns, preview)
				if err != nil {
					return err
				}
				if err := writeBadLines(badFile, lines); err != nil {
					return err
				}
				return reportImport(cmd.OutOrStdout(), lines, asJSON, preview)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	cmd.Flags().BoolVar(&preview, "preview", false, "show what would happen, and store nothing")
	cmd.Flags().StringToStringVar(&columns, "map", nil, "the header of a column, or #3 for the third, as in url=\"Site URL\"; repeat for more columns")
	cmd.Flags().StringVar(&badFile, "bad", "", "write all bad lines with the reasons to this CSV file")
	return cmd
}

// importFile imports the file, or shows what that would do, and says on standard error for what it takes the columns.
func importFile(cmd *cobra.Command, h *app, file io.Reader, columns map[string]string, preview bool) ([]sites.Line, error) {
	for field := range columns {
		if !slices.Contains(sites.ImportFields(), field) {
			return nil, usage("--map: there is no field %q; choose one of %s", field, strings.Join(sites.ImportFields(), ", "))
		}
	}
	text, err := io.ReadAll(io.LimitReader(file, sites.LongestImport+1))
	if err != nil {
		return nil, err
	}
	foreseen, err := h.registry.PreviewImport(cmd.Context(), commandLine(), sites.Source{File: bytes.NewReader(text)})
	if err == nil && len(columns) > 0 {
		columns = withRecognized(columns, foreseen.Columns)
		foreseen, err = h.registry.PreviewImport(cmd.Context(), commandLine(), sites.Source{File: bytes.NewReader(text), Columns: columns})
	}
	if err != nil {
		return nil, err
	}
	sayColumns(cmd.ErrOrStderr(), foreseen)
	if len(foreseen.Missing) > 0 {
		return nil, missingColumns(foreseen)
	}
	if preview {
		return foreseen.Lines, nil
	}
	return h.registry.ImportFrom(cmd.Context(), commandLine(), sites.Source{File: bytes.NewReader(text), Columns: columns})
}

// withRecognized adds the columns that were recognized to those that --map names.
func withRecognized(columns map[string]string, recognized []sites.Column) map[string]string {
	all, named := maps.Clone(columns), slices.Collect(maps.Values(columns))
	for _, c := range recognized {
		if _, mapped := all[c.Field]; c.Field != "" && !mapped && !slices.Contains(named, c.Header) {
			all[c.Field] = c.Header
		}
	}
	return all
}

// sayColumns says for what the columns are taken, and how to confirm a guess.
func sayColumns(out io.Writer, foreseen sites.Preview) {
	var taken, confirming []string
	for _, c := range foreseen.Columns {
		if c.Field != "" && c.Field != c.Header {
			taken = append(taken, fmt.Sprintf("%s = %q", c.Field, c.Header))
			confirming = append(confirming, fmt.Sprintf("--map %s=%q", c.Field, c.Header))
		}
	}
	if len(taken) > 0 {
		fmt.Fprintf(out, "Columns: %s\n", strings.Join(taken, ", "))
	}
	if !foreseen.Sure && len(confirming) > 0 {
		fmt.Fprintf(out, "This is a guess. If it is right, confirm it with %s; otherwise name the columns with --map.\n", strings.Join(confirming, " "))
	}
}

// missingColumns says which columns the file lacks, and how to name them where they have other names.
func missingColumns(foreseen sites.Preview) error {
	var headers, mapped []string
	for _, c := range foreseen.Columns {
		headers = append(headers, strconv.Quote(c.Header))
	}
	for _, field := range foreseen.Missing {
		mapped = append(mapped, "--map "+field+"=COLUMN")
	}
	return usage("the file has no column that Drover recognizes as %s. Its columns are %s. Name the right ones with %s. "+
		"To connect sites without credentials, use Connect in the dashboard", strings.Join(foreseen.Missing, " or "), strings.Join(headers, ", "),
		strings.Join(mapped, " "))
}

func writeBadLines(name string, lines []sites.Line) error {
	if name == "" {
		return nil
	}
	file, err := sites.BadCSV(lines)
	if err != nil {
		return err
	}
	return os.WriteFile(name, file, 0o600)
}

// mostListed bounds the bad lines that are listed.
const mostListed = 200

func openFile(cmd *cobra.Command, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(cmd.InOrStdin()), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, usage("%w", err)
	}
	return file, nil
}

func reportImport(out io.Writer, lines []sites.Line, asJSON, preview bool) error {
	counts, noted := map[sites.LineResult]int{}, 0
	for _, line := range lines {
		if counts[line.Result]++; line.Result == sites.LineTwice {
			counts[sites.LineBad]++
		}
		if line.Note != "" {
			noted++
		}
		switch {
		case asJSON:
			printJSON(out, map[string]any{"line": line.Number, "site": line.URL, "result": line.Result, "reason": line.Reason, "note": line.Note})
		case !line.Stored() && counts[sites.LineBad] <= mostListed:
			fmt.Fprintf(out, "line %d: %s: %s\n", line.Number, line.URL, line.Reason)
		case line.Note != "" && noted <= mostListed:
			fmt.Fprintf(out, "line %d: %s: note: %s\n", line.Number, line.URL, line.Note)
		}
	}
	if more := counts[sites.LineBad] - mostListed; more > 0 && !asJSON {
		fmt.Fprintf(out, "and %s; write all of them to a file with --bad FILE\n", english.Plural(more, "more bad line", "more bad lines"))
	}
	if preview && !asJSON {
		fmt.Fprintln(out, "Preview only. Nothing was stored.")
	}
	if !asJSON {
		fmt.Fprintf(out, "%d added, %d updated, %d unchanged, %d bad\n", counts[sites.LineAdded], counts[sites.LineUpdated], counts[sites.LineUnchanged],
			counts[sites.LineBad])
	}
	if counts[sites.LineBad] > 0 {
		return exit{code: exitTrouble}
	}
	return nil
}

func sitesListCommand(c *config) *cobra.Command {
	var asJSON bool
	var state, words string
	var chosen selecting
	var filters siteFilters
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sites",
		Example: "  drover sites list --client Acme --state broken\n" +
			"  drover sites list --cache Disabled --json\n" +
			"  drover sites list --credential 90",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withClient(cmd.Context(), func(d client) error {
				sel := chosen.orAll()
				if sel.State, sel.Query = sites.State(state), words; state != "" && !slices.Contains(sites.States(), sel.State) {
					return usage("--state: there is no state %q; choose ready, warning, broken or unchecked", state)
				}
				all, err := d.sites(cmd.Context(), sel, filters.values())
				if err != nil {
					return err
				}
				listSites(cmd.OutOrStdout(), all, asJSON)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object per line")
	f.StringVar(&state, "state", "", "sites in this state: ready, warning, broken or unchecked")
	f.StringVar(&words, "q", "", "sites with these words in their name, URL, client, tags or username")
	filters.register(f)
	chosen.register(c, cmd)
	return cmd
}

func listSites(out io.Writer, all []web.SiteLine, asJSON bool) {
	if asJSON {
		for _, s := range all {
			printJSON(out, s)
		}
		return
	}
	if len(all) == 0 {
		fmt.Fprintln(out, "No sites yet. Add some with: drover sites import sites.csv")
		return
	}
	rows := table{heads: []string{"STATE", "SITE", "CLIENT", "TAGS", "PLUGIN", "FINDING"}}
	for _, s := range all {
		rows.add(s.State, s.Site, s.Client, strings.Join(s.Tags, ","), s.PluginVersion, s.Finding)
	}
	rows.print(out)
}

func sitesCheckCommand(c *config) *cobra.Command {
	var asJSON bool
	var chosen selecting
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check what works on the sites, what does not, and how to fix it",
		Long:  "Check what works on the sites, what does not, and how to fix it. By default, all sites are checked. Nothing is changed on any site.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withData(cmd, func(h *app) error { return checkSites(cmd, h, chosen, asJSON) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	chosen.register(c, cmd)
	return cmd
}

func checkSites(cmd *cobra.Command, h *app, chosen selecting, asJSON bool) error {
	all, err := h.registry.Select(cmd.Context(), commandLine(), chosen.orAll())
	if err != nil {
		return err
	}
	counts, out := map[string]int{}, cmd.OutOrStdout()
	h.registry.CheckAll(cmd.Context(), commandLine(), all, func(s sites.Site, report wordpress.Report, failure error) {
		if failure != nil {
			err = failure
			return
		}
		counts[report.State()]++
		if asJSON {
			printJSON(out, map[string]any{"site": s.Home, "state": report.State(), "rungs": report.Steps})
			return
		}
		printReport(out, s, report)
	})
	if err != nil {
		return err
	}
	if !asJSON {
		fmt.Fprintf(out, "%d ready, %d with a warning, %d broken\n", counts["ready"], counts["warning"], counts["broken"])
	}
	if counts["broken"] > 0 {
		return exit{code: exitTrouble}
	}
	return nil
}

func printReport(out io.Writer, s sites.Site, report wordpress.Report) {
	fmt.Fprintf(out, "%-8s %s\n", report.State(), s.Home)
	for _, step := range report.Steps {
		if step.State == wordpress.CheckFailed || step.State == wordpress.CheckWarning {
			fmt.Fprintf(out, "         %s %s\n", step.Finding, step.Fix)
		}
	}
}
