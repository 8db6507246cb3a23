package spreadsheet

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
)

// workbookOf packs a workbook whose only sheet is this XML, with what else its parts say.
func workbookOf(t *testing.T, sheet string, others map[string]string) []byte {
	t.Helper()
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
	parts := map[string]string{
		"[Content_Types].xml": head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
			`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
		"_rels/.rels": head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
			`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": head + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
			`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
			`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": sheet,
	}
	for name, text := range others {
		parts[name] = text
	}
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sheetOf(doctype string, cells ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + doctype +
		`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">`)
	for i, cell := range cells {
		b.WriteString(`<c r="` + string(rune('A'+i)) + `1" t="inlineStr"><is><t>` + cell + `</t></is></c>`)
	}
	return b.String() + `</row></sheetData></worksheet>`
}

// A workbook reads no file and asks no server, whatever its XML names, and is bounded once it is unpacked.
func TestHostileWorkbooks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: run make test")
	}
	if text, err := Text(workbookOf(t, sheetOf("", "url", "https://good.example"), nil), 10); err != nil || text != "url,https://good.example\n" {
		t.Fatalf("a good one: %q, %v", text, err)
	}
	laughs := `<!DOCTYPE x [<!ENTITY a "ha">`
	for i := range 20 {
		laughs += `<!ENTITY ` + string(rune('b'+i)) + ` "` + strings.Repeat("&"+string(rune('a'+i))+";", 10) + `">`
	}
	bomb := sheetOf("", "url", strings.Repeat("a", mostUnzipped))
	for name, file := range map[string][]byte{
		"a file of this machine":     workbookOf(t, sheetOf(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`, "url", "x&e;"), nil),
		"an address":                 workbookOf(t, sheetOf(`<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:1/"> %e;]>`, "url", "x&e;"), nil),
		"entities inside each other": workbookOf(t, sheetOf(laughs+"]>", "url", "x&u;"), nil),
		"a bomb":                     workbookOf(t, bomb, nil),
		"a part outside":             workbookOf(t, sheetOf("", "url", "x"), map[string]string{"../../../tmp/evil": "x", "xl/sharedStrings.xml": laughs}),
		"no archive":                 []byte("PK\x03\x04\x14\x00"),
	} {
		text, err := Text(file, 10)
		if strings.Contains(text, "root:") || strings.Contains(text, "haha") || len(text) > 1<<20 {
			t.Errorf("%s: %.100q, %v", name, text, err)
		}
		if name == "a bomb" && err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
