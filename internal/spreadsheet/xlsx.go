package spreadsheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// What is wrong with a file that is no text, as sentences for people.
var (
	errOldExcel  = errors.New("This is a file of an old Excel. Save it as an Excel workbook (.xlsx) or as CSV, and choose that file.") //nolint:staticcheck
	errNotXLSX   = errors.New("This is not an Excel workbook. Save the table as .xlsx or CSV, and choose that file.")                  //nolint:staticcheck
	errNoTable   = errors.New("No sheet of this workbook holds a table.")                                                              //nolint:staticcheck
	errProtected = errors.New("This workbook is protected by a password. Save it without one, or as CSV.")                             //nolint:staticcheck
)

// mostUnzipped bounds a workbook once it is unpacked, in bytes.
const mostUnzipped = 96 << 20

// Text returns the table of a file as the text that a Reader takes: of a workbook (.xlsx) the first sheet that holds one, of anything else the text
// itself, as Decode does. Of a workbook, at most so many rows are read. The errors are sentences for people.
func Text(file []byte, rows int) (string, error) {
	switch {
	case bytes.HasPrefix(file, []byte("PK\x03\x04")):
		return workbook(file, rows)
	case bytes.HasPrefix(file, []byte("\xd0\xcf\x11\xe0")):
		return "", errOldExcel // or a workbook that is encrypted as a whole
	}
	return Decode(file), nil
}

func workbook(file []byte, most int) (text string, err error) {
	defer func() {
		if recover() != nil { // a workbook that nobody thought of
			text, err = "", errNotXLSX
		}
	}()
	// No part goes to a temporary file: it could hold passwords.
	book, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{UnzipSizeLimit: mostUnzipped, UnzipXMLSizeLimit: mostUnzipped, RawCellValue: true})
	if errors.Is(err, excelize.ErrWorkbookPassword) || errors.Is(err, excelize.ErrWorkbookFileFormat) {
		return "", errProtected
	}
	if err != nil {
		return "", errNotXLSX
	}
	defer book.Close()
	first := book.GetSheetName(book.GetActiveSheetIndex())
	for _, name := range append([]string{first}, book.GetSheetList()...) {
		text, filled, err := sheet(book, name, most)
		if err != nil {
			return "", err
		}
		if filled {
			return text, nil
		}
	}
	return "", errNoTable
}

// sheet writes a sheet as CSV, and tells whether some row has two cells at least.
func sheet(book *excelize.File, name string, most int) (text string, filled bool, err error) {
	rows, err := book.Rows(name)
	if err != nil {
		return "", false, errNotXLSX
	}
	defer rows.Close()
	var b strings.Builder
	w := csv.NewWriter(&b)
	for n := 0; rows.Next() && n <= most; n++ {
		cells, err := rows.Columns()
		if err != nil {
			return "", false, errNotXLSX
		}
		filled = filled || len(cells) > 1
		if len(cells) == 0 {
			cells = []string{""}
		}
		if err := w.Write(cells[:min(len(cells), mostCells)]); err != nil {
			return "", false, fmt.Errorf("spreadsheet: %w", err)
		}
	}
	w.Flush()
	return Decode([]byte(b.String())), filled, nil
}
