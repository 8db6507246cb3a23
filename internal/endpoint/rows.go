package endpoint

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// Rows is a table with one row per site, for references such as {{row.id}}.
type Rows struct {
	Columns []string
	BySite  map[string]map[string]string // by the address as it is written there
}

// ReadRows reads CSV with a header; the column site or url says which site a row is for. Commas, semicolons and tabs separate.
func ReadRows(text string) (Rows, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	head, _, _ := strings.Cut(text, "\n")
	reader := csv.NewReader(strings.NewReader(text))
	reader.TrimLeadingSpace = true
	if i := strings.IndexAny(head, ",;\t"); i >= 0 {
		reader.Comma = rune(head[i])
	}
	header, err := reader.Read()
	if err != nil {
		return Rows{}, fault("Write a header first, such as: site,id")
	}
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(header[i]))
	}
	key := slices.IndexFunc(header, func(name string) bool { return name == "site" || name == "url" })
	if key < 0 {
		return Rows{}, fault("No column is called site or url. Name the one that holds the sites' addresses so.")
	}
	rows := Rows{Columns: header, BySite: map[string]map[string]string{}}
	for {
		line, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return Rows{}, fault("This is not CSV: %s.", err)
		}
		number, _ := reader.FieldPos(0)
		site := strings.TrimSpace(line[key])
		if _, twice := rows.BySite[site]; twice {
			return Rows{}, fault("Line %d names %s a second time. Leave one of the two out.", number, site)
		}
		row := map[string]string{}
		for i, value := range line {
			row[header[i]] = strings.TrimSpace(value)
		}
		rows.BySite[site] = row
	}
}
