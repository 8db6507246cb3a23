package spreadsheet

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

func encoded(t *testing.T, e encoding.Encoding, text string) []byte {
	t.Helper()
	file, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDecode(t *testing.T) {
	const text = "url;client\nhttps://one.example;Müller & Söhne – Café\n"
	mac := strings.ReplaceAll(text, "\n", "\r")
	for name, file := range map[string][]byte{
		"UTF-8":                     []byte(text),
		"UTF-8 with a mark":         []byte("\ufeff" + text),
		"UTF-8 with two marks":      []byte("\ufeff\ufeff" + text),
		"a mark encoded twice":      []byte("ï»¿" + text),
		"UTF-16LE":                  encoded(t, utf.UTF16(utf.LittleEndian, utf.UseBOM), text),
		"UTF-16BE":                  encoded(t, utf.UTF16(utf.BigEndian, utf.UseBOM), text),
		"UTF-16LE without a mark":   encoded(t, utf.UTF16(utf.LittleEndian, utf.IgnoreBOM), text),
		"UTF-16BE without a mark":   encoded(t, utf.UTF16(utf.BigEndian, utf.IgnoreBOM), text),
		"UTF-32LE":                  encoded(t, utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), text),
		"UTF-32BE":                  encoded(t, utf32.UTF32(utf32.BigEndian, utf32.UseBOM), text),
		"Windows-1252":              encoded(t, charmap.Windows1252, text),
		"Windows-1252, CRLF":        encoded(t, charmap.Windows1252, strings.ReplaceAll(text, "\n", "\r\n")),
		"Windows-1252, CR":          encoded(t, charmap.Windows1252, mac),
		"Macintosh, CR":             encoded(t, charmap.Macintosh, mac),
		"UTF-8, CR":                 []byte(mac),
		"UTF-16LE, CR":              encoded(t, utf.UTF16(utf.LittleEndian, utf.UseBOM), mac),
		"Ctrl-Z at the end":         []byte(text + "\x1a"),
		"line separators":           []byte(strings.ReplaceAll(text, "\n", "\u2028")),
		"UTF-8 behind Windows-1252": append([]byte("url;client\n"), []byte(text[len("url;client\n"):])...),
	} {
		if got := Decode(file); got != text {
			t.Errorf("%s: %q", name, got)
		}
	}
	mixed := "a;Müller\n" + string(encoded(t, charmap.Windows1252, "b;Söhne\n")) + "c;Zoë\n"
	if got := Decode([]byte(mixed)); got != "a;Müller\nb;Söhne\nc;Zoë\n" {
		t.Errorf("files put together: %q", got)
	}
}

func all(r *Reader) string {
	var rows []string
	for record, more := r.Next(); more; record, more = r.Next() {
		row := fmt.Sprintf("%d %q", record.Line, record.Cells)
		if record.Unclosed {
			row += " unclosed"
		}
		rows = append(rows, row)
	}
	return strings.Join(rows, ", ")
}

func TestReader(t *testing.T) {
	swallowed := func(cells []string) bool { return len(cells) > 2 && strings.HasPrefix(cells[0], "https://") }
	for text, want := range map[string]string{
		"":                              "",
		"\n\n":                          "",
		"a;b":                           `1 ["a" "b"]`,
		"a;b\n":                         `1 ["a" "b"]`,
		"\n\na;;\nb":                    `3 ["a" "" ""], 4 ["b"]`,
		"a; \"b;c\" ;d":                 `1 ["a" "b;c" "d"]`,
		"\"a\"\"b\";c":                  `1 ["a\"b" "c"]`,
		"\"se\"\"cr;et\";x":             `1 ["se\"cr;et" "x"]`,
		"\"say \"hi\" now\";x":          `1 ["say \"hi\" now" "x"]`,
		"\"Acme\" Ltd;x\ny":             `1 ["\"Acme\" Ltd" "x"], 2 ["y"]`,
		"\"Acme\" Ltd":                  `1 ["\"Acme\" Ltd"]`,
		"\"A;B\" Ltd;x":                 `1 ["\"A;B\" Ltd" "x"]`,
		"a\"b;c\"":                      `1 ["a\"b" "c\""]`,
		"a;\"b\nc\";d\ne":               `1 ["a" "b\nc" "d"], 3 ["e"]`,
		"a;\"b\nc;d\n":                  `1 ["a" "\"b"] unclosed, 2 ["c" "d"]`,
		"a;\"b\nc;\"d\"\ne":             `1 ["a" "\"b"] unclosed, 2 ["c" "d"], 3 ["e"]`,
		"a;\"b \"x\" y\nc;d":            `1 ["a" "\"b \"x\" y"] unclosed, 2 ["c" "d"]`,
		"a;\"b\nhttps://c;d;\"\"\ne":    `1 ["a" "\"b"] unclosed, 2 ["https://c" "d" ""], 3 ["e"]`,
		"a;\"b\nhttps://c;d;e\"\nf":     `1 ["a" "\"b"] unclosed, 2 ["https://c" "d" "e\""], 3 ["f"]`,
		"\"" + strings.Repeat("x\n", 3): `1 ["\"x"] unclosed, 2 ["x"], 3 ["x"]`,
	} {
		r := NewReader(text, ';')
		r.Swallowed = swallowed
		if got := all(r); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// What a person can upload costs no more than its size: neither quotes that stay open, nor cells or rows without an end.
func TestReaderIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: run make test")
	}
	const size = 4 << 20
	for name, part := range map[string]string{"open quotes": "\"a\n", "open cells": "\"a\nb\",", "doubled quotes": "\"\"", "separators": ",",
		"one quote a line": "a,\"b\n"} {
		r, records := NewReader(strings.Repeat(part, size/len(part)), ','), 0
		for record, more := r.Next(); more && records < 20_000; record, more = r.Next() {
			if records++; len(record.Cells) > mostCells {
				t.Fatalf("%s: %d cells", name, len(record.Cells))
			}
		}
		if records == 0 {
			t.Errorf("%s: nothing was read", name)
		}
	}
}

func TestNeutralize(t *testing.T) {
	for cell, want := range map[string]string{
		"":                      "",
		"Acme":                  "Acme",
		"https://a.example/a-b": "https://a.example/a-b",
		"-5":                    "'-5",
		"-5+1":                  "'-5+1",
		"-A1":                   "'-A1",
		"+49 30 1":              "'+49 30 1",
		"=1+1":                  "'=1+1",
		"@SUM(1)":               "'@SUM(1)",
		"＝1+1":                  "'＝1+1",
		" =1+1":                 "' =1+1",
		"\"=1+1":                "'\"=1+1",
		"\u200b=1+1":            "'\u200b=1+1",
		"\x00=1":                "'\x00=1",
		"\t=1+1":                "'\t'=1+1",
		"x;=1+1":                "x;'=1+1",
		"x; =1+1":               "x;' =1+1",
		"x;\"=1+1\"":            "x;'\"=1+1\"",
		"x;;@a|-b":              "x;;'@a|'-b",
		"x\n=1+1":               "x\n'=1+1",
		"x\r\n=1+1":             "x\r\n'=1+1",
		"x\r+1":                 "x\r'+1",
		"x\u2028=1":             "x\u2028'=1",
		"x\ty":                  "x\ty",
		"a = b":                 "a = b",
		"'=1+1":                 "'=1+1",
		"one; two - three":      "one; two - three",
	} {
		if got := Neutralize(cell); got != want {
			t.Errorf("Neutralize(%q) = %q, want %q", cell, got, want)
		}
	}
}

// Whatever separates the columns where the file is opened, no cell begins as a formula does.
func FuzzWriter(f *testing.F) {
	for _, cell := range []string{"x;=1+1", "a\n=1", "\"", "-5", "=;\"=\"", "x\";=1"} {
		f.Add(cell, "b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !strings.Contains(a, "'") && !strings.ContainsAny(a[:min(1, len(a))], "\t\r\n") && Plain(Neutralize(a)) != a {
			t.Errorf("%q becomes %q, and that %q", a, Neutralize(a), Plain(Neutralize(a)))
		}
		var text strings.Builder
		w := NewWriter(&text)
		if err := w.Write(a, b); err != nil {
			return
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		for _, separator := range ",;\t|" {
			rows := csv.NewReader(strings.NewReader(text.String()))
			rows.Comma, rows.LazyQuotes, rows.FieldsPerRecord = separator, true, -1
			records, _ := rows.ReadAll()
			for _, record := range records {
				for _, cell := range record {
					if begin := strings.TrimLeft(cell, " \""); begin != "" && strings.ContainsAny(begin[:1], "=+@") {
						t.Errorf("%q, %q: with %q a cell is %q", a, b, separator, cell)
					}
				}
			}
		}
	})
}

// Every line of a file is in one record, in order, and what a record says of its place is true.
func FuzzReader(f *testing.F) {
	f.Add([]byte("a;b\n\"c\nd\";e\n"))
	f.Add([]byte("\xff\xfea\x00;\x00\n\x00"))
	f.Add([]byte("a,\"b\nc,\"d\"\r\r\ne"))
	f.Fuzz(func(t *testing.T, file []byte) {
		text := Decode(file)
		if !utf8.ValidString(text) || strings.Contains(text, "\r") {
			t.Fatalf("%q became %q", file, text)
		}
		lines := strings.Split(text, "\n")
		for _, separator := range []byte(Separators) {
			r, covered := NewReader(text, separator), 0
			for record, more := r.Next(); more; record, more = r.Next() {
				if skipped := strings.Join(lines[covered:record.Line-1], ""); skipped != "" {
					t.Fatalf("%q: %q is in no record", text, skipped)
				}
				if covered = r.line - 1; covered < record.Line || len(record.Cells) == 0 || record.Unclosed && covered != record.Line {
					t.Fatalf("%q: %+v ends on line %d", text, record, covered)
				}
			}
			if left := strings.Join(lines[min(covered, len(lines)):], ""); left != "" {
				t.Fatalf("%q: %q is in no record", text, left)
			}
		}
	})
}
