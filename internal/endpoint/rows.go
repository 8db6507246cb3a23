package endpoint

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	plural "github.com/dustin/go-humanize/english"
)

// Rows is a table with one row per site, for references such as {{row.id}}.
type Rows struct {
	Columns []string
	BySite  map[string]map[string]string // by the address as it is written there
}

// Bounds of a table.
const (
	mostCSV        = 5 << 20
	mostRowColumns = 200
)

// ReadRows reads CSV with a header; the column site, else url, says which site a row is for. Commas, semicolons or tabs separate.
func ReadRows(text string) (Rows, error) {
	if len(text) > mostCSV {
		return Rows{}, fault("The table is larger than 5 MB. Leave out columns that you do not need.")
	}
	if !utf8.ValidString(text) {
		return Rows{}, fault("The table is not in UTF-8. Save it as CSV UTF-8.")
	}
	text = strings.Trim(strings.TrimPrefix(text, "\ufeff"), " \r\n")
	reader := csv.NewReader(strings.NewReader(text))
	reader.TrimLeadingSpace = true
	head, _, _ := strings.Cut(text, "\n")
	if i := strings.IndexAny(head, ",;\t"); i >= 0 {
		reader.Comma = rune(head[i])
	}
	header, key, err := readHeader(reader)
	if err != nil {
		return Rows{}, err
	}
	rows := Rows{Columns: slices.DeleteFunc(slices.Clone(header), func(name string) bool { return name == "" }), BySite: map[string]map[string]string{}}
	lines := map[string]int{}
	for {
		values, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return Rows{}, notCSV(err, len(header))
		}
		line, _ := reader.FieldPos(0)
		site := strings.TrimSpace(values[key])
		if site == "" {
			return Rows{}, fault("Line %d has no site. Enter its URL in the column %s, or remove the line.", line, header[key])
		}
		if before, twice := lines[site]; twice {
			return Rows{}, fault("Line %d repeats %s from line %d. Remove one of the two.", line, site, before)
		}
		lines[site], rows.BySite[site] = line, rowOf(header, values)
	}
}

func readHeader(reader *csv.Reader) (header []string, key int, err error) {
	header, err = reader.Read()
	if err != nil {
		return nil, 0, fault("Start with a header line, such as: site,id")
	}
	if len(header) > mostRowColumns {
		return nil, 0, fault("The table has more than %d columns. Leave out those that are not needed.", mostRowColumns)
	}
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(header[i]))
		if header[i] != "" && slices.Contains(header[:i], header[i]) {
			return nil, 0, fault("Two columns are named %s. Rename one of them.", header[i])
		}
		if strings.ContainsAny(header[i], "{}?&#/:\n") {
			return nil, 0, fault("The name of the column %q contains a character that a reference cannot. Leave out { } ? & # / and :.", header[i])
		}
	}
	for _, name := range []string{"site", "url"} {
		if key = slices.Index(header, name); key >= 0 {
			return header, key, nil
		}
	}
	return nil, 0, fault("No column is named site or url. Give that name to the column with the site URLs.")
}

func rowOf(header, values []string) map[string]string {
	row := make(map[string]string, len(header))
	for i, value := range values {
		if header[i] != "" {
			row[header[i]] = strings.TrimSpace(value)
		}
	}
	return row
}

func notCSV(err error, columns int) error {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		return fault("This is not CSV: %s.", err)
	}
	if errors.Is(err, csv.ErrFieldCount) {
		return fault("Line %d does not have %s like the header. Put values that contain the separator in double quotes.", at.Line,
			plural.Plural(columns, "value", "values"))
	}
	return fault("Line %d is not CSV: %s. Write a double quote within quotes twice.", at.Line, at.Err)
}
