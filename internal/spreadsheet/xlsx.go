package spreadsheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// What is wrong with a file that is no text.
var (
	ErrOldExcel  = errors.New("spreadsheet: the file is of an Excel before 2007, or encrypted as a whole")
	ErrNotXLSX   = errors.New("spreadsheet: the file is not an Excel workbook")
	ErrNoTable   = errors.New("spreadsheet: no sheet of the workbook holds a table")
	ErrProtected = errors.New("spreadsheet: the workbook is protected by a password")
)

// mostUnzipped bounds a workbook once it is unpacked, in bytes.
const mostUnzipped = 96 << 20

// Text returns the table of a file as the text that a Reader takes: of a workbook (.xlsx) the first sheet that holds one, of anything else the text
// itself, as Decode does. Of a workbook, at most so many rows are read. What is wrong with the file is one of the errors above.
func Text(file []byte, rows int) (string, error) {
	switch {
	case bytes.HasPrefix(file, []byte("PK\x03\x04")):
		return workbook(file, rows)
	case bytes.HasPrefix(file, []byte("\xd0\xcf\x11\xe0")):
		return "", ErrOldExcel
	}
	return Decode(file), nil
}

func workbook(file []byte, most int) (text string, err error) {
	defer func() {
		if recover() != nil { // a workbook that nobody thought of
			text, err = "", ErrNotXLSX
		}
	}()
	// No part goes to a temporary file: it could hold passwords.
	book, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{UnzipSizeLimit: mostUnzipped, UnzipXMLSizeLimit: mostUnzipped, RawCellValue: true})
	if errors.Is(err, excelize.ErrWorkbookPassword) || errors.Is(err, excelize.ErrWorkbookFileFormat) {
		return "", ErrProtected
	}
	if err != nil {
		return "", ErrNotXLSX
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
	return "", ErrNoTable
}

// sheet writes a sheet as CSV, and tells whether some row has two cells at least.
func sheet(book *excelize.File, name string, most int) (text string, filled bool, err error) {
	rows, err := book.Rows(name)
	if err != nil {
		return "", false, ErrNotXLSX
	}
	defer rows.Close()
	var b strings.Builder
	w := csv.NewWriter(&b)
	for n := 0; rows.Next() && n <= most; n++ {
		cells, err := rows.Columns()
		if err != nil {
			return "", false, ErrNotXLSX
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
