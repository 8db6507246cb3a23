package sites

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/wordpress"
)

// ImportFields are what a column of a file can hold, in the order in which people expect them.
func ImportFields() []string {
	return []string{"url", "username", "application_password", "name", "client", "tags"}
}

// Columns says where a file's columns are: for each field the text of its header, or #3 for the third column. Fields that are not in it are not
// in the file.
type Columns map[string]string

// Column is one column of a file, and what it is taken for.
type Column struct {
	Header  string   // as it stands in the file, or #3 where the file has no header
	Field   string   // one of ImportFields, or empty for none
	Samples []string // its first cells; those that may be secret are masked
}

// fingerprint is what files with the same columns have in common.
func (h header) fingerprint() string {
	return cmp.Or(h.names, strconv.Itoa(len(h.cells))+" columns without names")
}

// chosenColumns finds the columns that somebody chose in a record. It is false where one of them is not there.
func chosenColumns(cells []string, chosen Columns) (columns map[string]int, found bool) {
	columns = map[string]int{}
	for field, name := range chosen {
		i := slices.IndexFunc(cells, func(cell string) bool { return strings.EqualFold(strings.TrimSpace(cell), strings.TrimSpace(name)) })
		if n, err := strconv.Atoi(strings.TrimPrefix(name, "#")); i < 0 && err == nil && strings.HasPrefix(name, "#") && n > 0 && n <= len(cells) {
			i = n - 1
		}
		if i < 0 {
			return nil, false
		}
		columns[field] = i
	}
	return columns, len(columns) > 0
}

// isData tells whether a record that is taken for the header is a site itself: a file without names.
func isData(cells []string, columns map[string]int) bool {
	i, found := columns["url"]
	return found && i < len(cells) && isAddress(cells[i])
}

func isAddress(cell string) bool {
	cell = strings.TrimSpace(cell)
	_, err := wordpress.ParseHome(cell)
	return err == nil && strings.Contains(cell, ".") && !strings.ContainsAny(cell, " @")
}

// guess fills fields that no header names by what stands in the columns. It is a guess: people are asked.
func guess(columns map[string]int, records [][]string) map[string]int {
	taken := map[int]bool{}
	filled := map[string]int{}
	for field, i := range columns {
		filled[field], taken[i] = i, true
	}
	width := 0
	for _, cells := range records {
		width = max(width, len(cells))
	}
	fill := func(field string, is func(cell string) bool) {
		if _, found := filled[field]; found {
			return
		}
		for i := range width {
			if !taken[i] && mostly(records, i, is) {
				filled[field], taken[i] = i, true
				return
			}
		}
	}
	fill("url", isAddress)
	fill("application_password", func(cell string) bool { return applicationPassword.MatchString(strings.Join(strings.Fields(cell), "")) })
	fill("username", func(cell string) bool { return cell != "" && !strings.ContainsAny(cell, " ,;") })
	return filled
}

func mostly(records [][]string, column int, is func(string) bool) bool {
	hits, filled := 0, 0
	for _, cells := range records {
		if column < len(cells) && strings.TrimSpace(cells[column]) != "" {
			filled++
			if is(strings.TrimSpace(cells[column])) {
				hits++
			}
		}
	}
	return filled > 0 && hits*2 > filled
}

// sampled is how many records are shown above the choice of columns.
const sampled = 3

// samples are the first records below the header, and some more to guess by.
func samples(h header, n int) (records [][]string) {
	reader := spreadsheet.NewReader(h.text, h.separator)
	for record, more := reader.Next(); more && len(records) < n; record, more = reader.Next() {
		if record = unwrapped(record, h.separator); record.Line > h.line && strings.TrimSpace(strings.Join(record.Cells, "")) != "" {
			records = append(records, record.Cells)
		}
	}
	return records
}

// described are the columns of a file as people see them.
func (h header) described() []Column {
	first := samples(h, sampled)
	width := len(h.cells)
	for _, cells := range first {
		width = max(width, len(cells))
	}
	fields := map[int]string{}
	for field, i := range h.columns {
		if field == "password" {
			field = "application_password"
		}
		fields[i] = field
	}
	all := make([]Column, width)
	for i := range all {
		all[i] = Column{Header: "#" + strconv.Itoa(i+1), Field: fields[i]}
		if i < len(h.cells) && h.names != "" && strings.TrimSpace(h.cells[i]) != "" {
			all[i].Header = shown(h.cells[i])
		}
		for _, cells := range first {
			cell := ""
			if i < len(cells) {
				cell = cells[i]
			}
			all[i].Samples = append(all[i].Samples, sample(fields[i], cell))
		}
	}
	return all
}

// sample is a cell as it may be shown: a column that nobody knows may hold secrets, and so may one that was taken for another.
func sample(field, cell string) string {
	cell = strings.TrimSpace(cell)
	harmless := slices.Contains([]string{"url", "name", "client", "tags"}, field) || field == "username" && noteOn(newSecret(cell)) != ""
	if cell == "" || harmless && !passwordGroup.MatchString(cell) {
		return shown(cell)
	}
	return "•••• (" + english.Plural(len([]rune(cell)), "character", "characters") + ")"
}

// chosenFor returns the columns that somebody chose for files with this header, or nil.
func (r *Registry) chosenFor(ctx context.Context, h header) (Columns, error) {
	text, err := r.store.importColumns(ctx, h.fingerprint())
	if err != nil || text == "" {
		return nil, err
	}
	var chosen Columns
	if err := json.Unmarshal([]byte(text), &chosen); err != nil {
		return nil, fmt.Errorf("sites: import: columns: %w", err)
	}
	return chosen, nil
}
