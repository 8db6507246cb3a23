package sites_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
)

const (
	columns = "url,username,application_password,client,tags\n"
	one     = "https://one.example,agency,abcd EFGH 1234 ijkl MNOP 5678,Müller & Söhne,shop\n"
	two     = "https://two.example,agency,abcd EFGH 1234 ijkl MNOP 5678,Café Zoë,blog\n"
	both    = "2 https://one.example, 3 https://two.example"
)

// report is a line's number and address, and "bad" with the reason's first words where it is bad.
func report(lines []sites.Line) string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = fmt.Sprintf("%d %s", line.Number, line.URL)
		if line.Result == sites.LineBad {
			all[i] += " bad"
		}
	}
	return strings.Join(all, ", ")
}

func saved(t *testing.T, text string, encode func(string) (string, error)) string {
	t.Helper()
	file, err := encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Files as spreadsheets and editors save them.
func TestImportReadsFilesAsTheyAreSaved(t *testing.T) {
	t.Parallel()
	with := func(separator string) string { return strings.ReplaceAll(columns+one+two, ",", separator) }
	for name, c := range map[string]struct{ file, want string }{
		"UTF-16 with tabs":         {saved(t, with("\t"), unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String), both},
		"UTF-16BE with semicolons": {saved(t, with(";"), unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String), both},
		"Windows-1252":             {saved(t, with(";"), charmap.Windows1252.NewEncoder().String), both},
		"Macintosh, CR":            {saved(t, strings.ReplaceAll(with(";"), "\n", "\r"), charmap.Macintosh.NewEncoder().String), both},
		"CR":                       {strings.ReplaceAll(with(","), "\n", "\r"), both},
		"CRLF":                     {strings.ReplaceAll(with(","), "\n", "\r\n"), both},
		"bars":                     {with("|"), both},
		"no line end":              {strings.TrimSuffix(with(","), "\n"), both},
		"sep=;":                    {"sep=;\n" + with(";"), "3 https://one.example, 4 https://two.example"},
		"SEP=tab with a mark":      {"\ufeff\"SEP=\t\"\n" + with("\t"), "3 https://one.example, 4 https://two.example"},
		"sep=, that is not true":   {"sep=,;;;;\n" + with(";"), "3 https://one.example, 4 https://two.example"},
		"empty lines first":        {"\n \n\n" + with(";"), "5 https://one.example, 6 https://two.example"},
		"empty cells first":        {",,,,\n" + with(","), "3 https://one.example, 4 https://two.example"},
		"a title first":            {"Our sites;;;;\n;;;;\n" + with(";"), "4 https://one.example, 5 https://two.example"},
		"comma in the header":      {"url;username;application_password;client;tags;notes, internal\n" + strings.SplitN(with(";"), "\n", 2)[1], both},
		"commas, more in header":   {"notes, a, b, c;url;username;application_password\nx;https://one.example;u;p q\n", "2 https://one.example"},
		"semicolon in the header":  {"url,username,application_password,\"a;b;c;d;e;f;g\"\nhttps://one.example,u,p q,\n", "2 https://one.example"},
		"blanks in the header":     {"URL , User Name,Application Password\nhttps://one.example,u,p q\n", "2 https://one.example"},
		"hyphens in the header":    {"Site-URL,user-name,application-password\nhttps://one.example,u,p q\n", "2 https://one.example"},
		"signs in the header":      {"\u200bURL*,\"Username:\",Application\u00a0Password (WP)\none.example,u,p q\n", "2 https://one.example"},
		"a column is missing":      {"URL,Username,Notes\nx,u,p\n", ""},
		"German":                   {"URL der Website;Nutzername;Anwendungs-Passwort\none.example;u;p q\n", "2 https://one.example"},
		"French":                   {"Site web;Nom d\u2019utilisateur;Mot de passe d'application\none.example;u;p q\n", "2 https://one.example"},
		"Spanish":                  {"Direcci\u00f3n;Nombre de usuario;Contrase\u00f1a de aplicaci\u00f3n\none.example;u;p q\n", "2 https://one.example"},
		"Spanish, decomposed":      {"Sitio web;Usuario;Contrasen\u0303a de aplicacio\u0301n\none.example;u;p q\n", "2 https://one.example"},
		"Spanish without accents":  {"Sitio web;Usuario;Contrasena de aplicacion\none.example;u;p q\n", "2 https://one.example"},
		"Portuguese":               {"Endere\u00e7o do site;Nome de usu\u00e1rio;Senha de aplicativo\none.example;u;p q\n", "2 https://one.example"},
		"several names in a cell":  {"Site / URL;Username / Email;Application password / key\none.example;u;p q\n", "2 https://one.example"},
		"a cell that may be meant": {"Client / Site;Website;Username;Application password\nA;one.example;u;p q\n", "2 https://one.example"},
		"Italian":                  {"Sito web;Nome utente;Password applicazione\none.example;u;p q\n", "2 https://one.example"},
		"names of WordPress":       {"WordPress Address (URL),WP User,WP App Password [24 characters]\none.example,u,p q\n", "2 https://one.example"},
		"next lines":               {strings.ReplaceAll(with(","), "\n", "\u0085"), both},
		"UTF-16 after a title": {saved(t, "Сайты;;;;\n"+with(";"), unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String),
			"3 https://one.example, 4 https://two.example"},
		"camel case":       {"siteUrl;userName;applicationPassword\none.example;u;p q\n", "2 https://one.example"},
		"the header again": {with(",") + columns + "https://three.example,u,p q,,\n", both + ", 5 https://three.example"},
		"the header below": {one + columns + two, "1 https://one.example, 3 https://two.example"},
		"line breaks in cells": {columns + "https://one.example,u,\"abcd EFGH\n1234\",\"Acme\nGmbH\",\"shop\nvip\"\n" + two,
			"2 https://one.example, 6 https://two.example"},
		"line break in a header": {"url,username,\"application\npassword\"\nhttps://one.example,u,p q\n", "3 https://one.example"},
		"a quote never closed": {columns + "https://one.example,u,p q,\"Acme,\n" + two + "https://three.example,u,p q,Gamma,\n",
			"2 https://one.example bad, 3 https://two.example, 4 https://three.example"},
		"closed lines below": {columns + "https://one.example,u,p q,\"Acme,\n" + two + "https://three.example,u,p q,\"Gamma\",\n",
			"2 https://one.example bad, 3 https://two.example, 4 https://three.example"},
		"closed at a line's end": {columns + "https://one.example,u,p q,\"Acme,\n" + two + "https://three.example,u,p q,,\"x\"\n",
			"2 https://one.example bad, 3 https://two.example, 4 https://three.example"},
		"open on the last line": {columns + one + "https://two.example,u,p q,\"Acme,", "2 https://one.example, 3 https://two.example bad"},
		"all cells in quotes":   {"\"url\",\"username\",\"application_password\"\n\"https://one.example\",\"u\",\"p q\"\n", "2 https://one.example"},
		"cells as formulas":     {"url,username,application_password\n=\"https://one.example\",=\"u\",\"=\"\"p q\"\"\"\n", "2 https://one.example"},
		"whole lines in quotes": {"\"url,username,application_password,client\"\n\"https://one.example,u,p q,\"\"Acme, Inc\"\"\"\n", "2 https://one.example"},
		"and with empty cells": {"\"url,username,application_password,client\";;;\n\"https://one.example,u,p q,\"\"Acme, Inc\"\"\";;;\n" +
			"\"https://two.example,u,p q,\";;;\n", both},
		"some lines in quotes":  {columns + "\"https://one.example,u,p q,\"\"Acme, Inc\"\",\"\n" + two, both},
		"apostrophes":           {columns + "'https://one.example,u,p q,,\n" + two, both},
		"quoted in another way": {columns + "'https://one.example','u','p q',,\n" + two, "2 'https://one.example' bad, 3 https://two.example"},
		"all in apostrophes":    {"'url','username','application_password'\n'https://one.example','u','p q'\n", "2 https://one.example"},
		"empty columns behind":  {strings.ReplaceAll(with(","), "\n", ",,,,\n"), both},
		"short lines":           {columns + "https://one.example,u,p q\n", "2 https://one.example"},
		"nothing but a header":  {columns, ""},
		"one broken byte":       {columns + one + "https://two.example,u,p q,Caf\xe9,\n", both},
	} {
		lines, err := sites.ReadImport(strings.NewReader(c.file))
		if name == "a column is missing" {
			if !errors.Is(err, sites.ErrNoHeader) || !strings.Contains(err.Error(), "application_password is missing") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if got := report(lines); err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

// What comes along from chats and pages is not part of a name.
func TestDraftsLoseWhatNobodySees(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"agency\u200b":         "agency",
		"\ufeffage\u00adncy":   "agency",
		"\u2068agency\u2069":   "agency",
		"agency\u3164":         "agency",
		"\u00a0agency \u00a0":  "agency",
		"Jane\u00a0Doe":        "Jane Doe",
		"Jo\u200bsé":           "José",
		"Jose\u0301":           "José",
		"jane@acme.example\n":  "jane@acme.example",
		"نامه\u200cای":         "نامه\u200cای",
		"👨\u200d👩\u200d👧":      "👨\u200d👩\u200d👧",
		"❤\ufe0f Acme\u200d":   "❤\ufe0f Acme",
		"Acme\r\nGmbH & Co KG": "Acme GmbH & Co KG",
	} {
		d := sites.Draft{URL: "https://a.example", Username: given, Client: given, Tags: []string{given}}
		if sites.Clean(&d); d.Username != want || d.Client != want || d.Tags[0] != strings.ToLower(want) {
			t.Errorf("%q became %q, %q, %q; want %q", given, d.Username, d.Client, d.Tags, want)
		}
	}
}

// A bad line is shown and kept, so its password must not be.
func TestBadLinesShowNoPassword(t *testing.T) {
	t.Parallel()
	file := columns + "https://ann:opensesame@one.example,u,p,,\nabcd EFGH 1234 ijkl MNOP 5678,https://two.example,u,,\n" + strings.Repeat("x", 5000) + ",u,p,,\n"
	lines, err := sites.ReadImport(strings.NewReader(file))
	if err != nil || len(lines) != 3 {
		t.Fatalf("%+v, %v", lines, err)
	}
	for _, line := range lines {
		if text := line.URL + line.Reason; line.Result != sites.LineBad || strings.Contains(text, "opensesame") || strings.Contains(text, "EFGH") ||
			len(text) > 1000 {
			t.Errorf("%+v", line)
		}
	}
}

// The memory of an import is bounded by a constant, whatever the file.
func TestImportIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: run make test")
	}
	// not parallel: it measures memory
	const size = 10 << 20
	for name, part := range map[string]string{"short lines": "a\n", "open quotes": "\"a\n", "cells": ",", "addresses": "a.example,u,p\n", "invisible": "\u200b\n",
		"CR": "\r"} {
		file := columns + strings.Repeat(part, size/len(part))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		lines, err := sites.ReadImport(strings.NewReader(file))
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > allocationFactor*300<<20 {
			t.Errorf("%s: %d MB were allocated", name, grown>>20)
		}
		var p validation.Problems
		if errors.As(err, &p) && strings.Contains(p["file"], "20,000 lines") {
			continue
		}
		if err != nil || len(lines) > 20_000 {
			t.Errorf("%s: %d lines, %v", name, len(lines), err)
		}
	}
}

// No line of a file is lost: each that holds something is one of the report's, or part of the audit log above it.
func FuzzImport(f *testing.F) {
	f.Add([]byte(importFile))
	f.Add([]byte(columns + one + "x,\"\n" + two))
	f.Add([]byte("sep=;\r\n" + strings.ReplaceAll(columns+one, ",", ";")))
	f.Add([]byte("\xff\xfeu\x00r\x00l\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		lines, err := sites.ReadImport(strings.NewReader(string(file)))
		if err != nil {
			return
		}
		last := 0
		for _, line := range lines {
			if line.Number <= last || line.Stored() != (line.Reason == "") {
				t.Errorf("%q: %+v after line %d", file, line, last)
			}
			last = line.Number
		}
		marked := columns + string(file) + "\n" + "https://the-last.example,u,p q,,\n"
		reread, err := sites.ReadImport(strings.NewReader(marked))
		if err != nil {
			return
		}
		if n := len(reread); n == 0 || !strings.Contains(reread[n-1].URL, "the-last.example") {
			t.Errorf("%q: the last line is lost: %s", marked, report(reread))
		}
	})
}

func TestBadLinesAreKeptForTheMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, ctx := newTestRegistry(t, db, nil), context.Background()
		bad := func(n int) []sites.Line {
			lines := []sites.Line{{Number: 1, URL: "https://good.example", Result: sites.LineAdded}}
			for i := range n {
				lines = append(lines, sites.Line{Number: i + 2, URL: "=x", Result: sites.LineBad, Reason: "It is bad."})
			}
			return lines
		}
		for _, n := range []int{3, 2, 0} {
			if err := h.registry.KeepBadLines(ctx, admin, bad(n)); err != nil {
				t.Fatal(err)
			}
			kept, found, err := h.registry.BadLines(ctx, admin)
			if err != nil || found != (n > 0) || kept.Count != n || n > 0 && strings.Count(string(kept.CSV), ",'=x,,,,,,It is bad.\n") != n {
				t.Errorf("%d: %+v, %v, %v", n, kept, found, err)
			}
		}
		if _, found, err := h.registry.BadLines(ctx, viewer); found || err != nil {
			t.Errorf("another member: %v, %v", found, err)
		}
	})
}

// Exports of browsers, password managers and dashboards: application passwords are taken, other passwords of the same file never.
func TestImportKnowsOtherPrograms(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/import/*.csv")
	if err != nil || len(files) < 13 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		lines, err := sites.ReadImport(file)
		if base := filepath.Base(name); base == "mainwp.csv" || base == "managewp.csv" {
			if !errors.Is(err, sites.ErrNoHeader) || !strings.Contains(err.Error(), "is missing") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || len(lines) == 0 || lines[0].URL != "https://one.example" || lines[0].Result == sites.LineBad || lines[0].Note != "" {
			t.Errorf("%s: %+v, %v", name, lines, err)
		}
		for _, line := range lines[min(1, len(lines)):] {
			if line.Result != sites.LineBad || !strings.Contains(line.Reason, "login password") {
				t.Errorf("%s: %+v", name, line)
			}
		}
	}
	lines, err := sites.ReadImport(strings.NewReader(columns + "https://one.example,agency,hunter2!,,\n"))
	if err != nil || lines[0].Result == sites.LineBad || !strings.Contains(lines[0].Note, "login password") {
		t.Errorf("a login password in the column of application passwords: %+v, %v", lines, err)
	}
}
