package sites_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
)

// fields are what the columns are taken for, and what is shown of the first record.
func fields(columns []sites.Column) string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Header + "=" + c.Field
	}
	return strings.Join(all, " ")
}

const password = "abcd EFGH 1234 ijkl MNOP 5678"

func TestWhatColumnsAreTakenFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		for name, c := range map[string]struct {
			file    string
			columns sites.Columns
			want    string
			sure    bool
			lines   string
		}{
			"named": {"url,username,application_password,notes\na.example,u," + password + ",x\n", nil,
				"url=url username=username application_password=application_password notes=", true, "added"},
			"unnamed":       {"a.example;u;" + password + "\nb.example;u;" + password + "\n", nil, "#1=url #2=username #3=application_password", false, "added added"},
			"unknown names": {"Wo,Wer,Womit\na.example,u," + password + "\n", nil, "Wo=url Wer=username Womit=application_password", false, "added"},
			"chosen by number": {"x,u," + password + ",a.example\n", sites.Columns{"url": "#4", "username": "#2", "application_password": "#3", "client": "#1"},
				"#1=client #2=username #3=application_password #4=url", true, "added"},
			"chosen by name, in any case": {"Wo,Wer,Womit\na.example,u," + password + "\n",
				sites.Columns{"url": " wo ", "username": "WER", "application_password": "Womit"}, "Wo=url Wer=username Womit=application_password", true, "added"},
			"chosen, but not all": {"Wo,Wer,Womit\na.example,u," + password + "\n", sites.Columns{"url": "Wo"}, "Wo=url Wer= Womit=", false, ""},
			"a column that is not there": {"url,username,application_password\na.example,u," + password + "\n", sites.Columns{"url": "#9"},
				"url=url username=username application_password=application_password", true, "added"},
			"a number that is none": {"url,username,application_password\na.example,u," + password + "\n", sites.Columns{"url": "#0"},
				"url=url username=username application_password=application_password", true, "added"},
		} {
			p, err := h.registry.PreviewImport(t.Context(), admin, sites.Source{File: strings.NewReader(c.file), Columns: c.columns})
			if err != nil || fields(p.Columns) != c.want || p.Sure != c.sure || results(p.Lines) != c.lines {
				t.Errorf("%s: %s, sure: %v, %s, %v", name, fields(p.Columns), p.Sure, results(p.Lines), err)
			}
			for _, column := range p.Columns {
				if shown := fmt.Sprint(column); strings.Contains(shown, "EFGH") || len(column.Samples) == 0 {
					t.Errorf("%s: the samples are %q", name, column.Samples)
				}
			}
			lines, err := h.registry.ImportFrom(t.Context(), viewer, sites.Source{File: strings.NewReader(c.file), Columns: c.columns})
			if !errors.Is(err, access.ErrForbidden) {
				t.Errorf("%s: a viewer imports %v, %v", name, lines, err)
			}
		}
		if _, err := h.registry.PreviewImport(t.Context(), viewer, sites.Source{File: strings.NewReader(columns)}); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer previews: %v", err)
		}
		if _, err := h.registry.ImportFrom(t.Context(), admin, sites.Source{File: strings.NewReader("Wo,Wer,Womit\na.example,u," + password + "\n")}); !errors.Is(err,
			sites.ErrNoHeader) {
			t.Errorf("what was only guessed is imported: %v", err)
		}
	})
}

// What somebody chose for a file counts for the next one with the same header, and for no other.
func TestChosenColumnsAreRemembered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		file := "Wo;Wer;Womit\na.example;u;" + password + "\n"
		chosen := sites.Columns{"url": "Wo", "username": "Wer", "application_password": "Womit"}
		if err := h.registry.RememberColumns(t.Context(), viewer, []byte(file), chosen); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		if err := h.registry.RememberColumns(t.Context(), admin, []byte(file), sites.Columns{"root": "Wo"}); !problemWith(err, "columns") {
			t.Errorf("a column of nothing: %v", err)
		}
		if err := h.registry.RememberColumns(t.Context(), admin, nil, chosen); !errors.Is(err, sites.ErrNoHeader) {
			t.Errorf("an empty file: %v", err)
		}
		swapped := sites.Columns{"url": "Wo", "username": "Womit", "application_password": "Wer"}
		for _, columns := range []sites.Columns{swapped, chosen} { // the last one counts
			if err := h.registry.RememberColumns(t.Context(), admin, []byte(file), columns); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			file string
			want string // of the import
		}{
			"the same header":   {"WO;wer;Womit\nb.example;u;" + password + "\n", "added"},
			"another separator": {"Wo,Wer,Womit\nc.example,u," + password + "\n", "added"},
			"another order":     {"Wer;Wo;Womit\nu;d.example;" + password + "\n", ""},
			"one more column":   {"Wo;Wer;Womit;x\nd.example;u;" + password + ";\n", ""},
		} {
			lines, err := h.registry.ImportFrom(t.Context(), admin, sites.Source{File: strings.NewReader(c.file)})
			if results(lines) != c.want || (c.want == "") != errors.Is(err, sites.ErrNoHeader) {
				t.Errorf("%s: %s, %v", name, results(lines), err)
			}
		}
	})
}

// A file waits for its import sealed, for the member who uploaded it alone, and not for longer than an hour.
func TestAnUploadWaitsForItsMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		waits := func(actor access.Actor, want string) {
			t.Helper()
			file, chosen, err := h.registry.Upload(t.Context(), actor)
			if want == "" && !errors.Is(err, sites.ErrNoUpload) || want != "" && (err != nil || string(file)+chosen["url"] != want) {
				t.Errorf("%s: %q, %v, %v; want %q", actor.Name, file, chosen, err, want)
			}
		}
		keep := func(actor access.Actor, file, url string) {
			t.Helper()
			if err := h.registry.KeepUpload(t.Context(), actor, []byte(file), sites.Columns{"url": url}); err != nil {
				t.Fatal(err)
			}
		}
		waits(admin, "")
		keep(admin, "first "+password, "a")
		keep(admin, "\x00\xff second "+password, "b")
		waits(admin, "\x00\xff second "+password+"b")
		waits(viewer, "")
		var sealed []byte
		if err := db.SQL.QueryRowContext(t.Context(), "SELECT sealed FROM import_uploads").Scan(&sealed); err != nil {
			t.Fatal(err)
		}
		if len(sealed) == 0 || strings.Contains(string(sealed), "EFGH") {
			t.Errorf("it is stored as %q", sealed)
		}
		run(t, db, "UPDATE import_uploads SET member_id = 3")
		if _, _, err := h.registry.Upload(t.Context(), viewer); err == nil || errors.Is(err, sites.ErrNoUpload) {
			t.Errorf("another member's file opens: %v", err)
		}
		run(t, db, "UPDATE import_uploads SET member_id = 1, expires_at = 1")
		waits(admin, "")
		keep(owner, "another's", "c")
		var left int64
		if db.Gorm.Raw("SELECT count(*) FROM import_uploads").Scan(&left); left != 1 {
			t.Errorf("%d files are kept although one is over", left)
		}
		if n, err := sites.CountSealedByOthers(t.Context(), db, h.vault.Primary()); n != 0 || err != nil {
			t.Errorf("%d are sealed with another key, %v", n, err)
		}
		if n, err := h.registry.RotateKeys(t.Context(), owner); n != 1 || err != nil {
			t.Errorf("rotated %d, %v", n, err)
		}
		waits(owner, "another'sc")
		if err := h.registry.DropUpload(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
		waits(owner, "")
	})
}
