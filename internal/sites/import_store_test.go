package sites_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// results are the results of the lines, in their order.
func results(lines []sites.Line) string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = string(line.Result)
	}
	return strings.Join(all, " ")
}

const secretCell = ",u,abcd EFGH 1234 ijkl MNOP 5678,"

func (h testRegistry) imports(t *testing.T, actor access.Actor, file string) []sites.Line {
	t.Helper()
	lines, err := h.registry.Import(context.WithoutCancel(t.Context()), actor, strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// A stored credential that does not open any more does not stop an import: the file brings another one, as after a lost key.
func TestImportReplacesWhatDoesNotOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		file := columns + one + two
		h.imports(t, admin, file)
		if err := db.Gorm.Exec("UPDATE credentials SET sealed = ? WHERE site_id = 1", []byte("of a key that is gone")).Error; err != nil {
			t.Fatal(err)
		}
		preview, err := h.registry.PreviewImport(t.Context(), admin, sites.Source{File: strings.NewReader(file)})
		if err != nil || results(preview.Lines) != "updated unchanged" || preview.Counts()[sites.LineUpdated] != 1 || !preview.Sure {
			t.Errorf("the preview: %+v, %v", preview.Lines, err)
		}
		if got := results(h.imports(t, admin, file)); got != "updated unchanged" {
			t.Errorf("the import: %s", got)
		}
		if err := h.opens(t, 1); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

func TestImportWithinAScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{}, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		for host, client := range map[string]string{"own": "Acme", "hidden": "Zulu"} {
			h.add(t, sites.Draft{URL: "https://" + host + ".example", Client: client, Username: "secret-user", Password: newPassword()})
		}
		file := "url,username,application_password,client,tags\n"
		want := []string{}
		for _, c := range []struct{ host, client, tags, want string }{
			{"own", "", "", "updated"}, {"new", "Acme", "", "bad"}, {"foreign", "Zulu", "", "bad"},
			{"nobody", "", "", "bad"}, {"hidden", "Acme", "", "bad"}, {"www.hidden", "Acme", "", "twice"},
		} {
			file += "https://" + c.host + ".example" + secretCell + c.client + "," + c.tags + "\n"
			want = append(want, c.want)
		}
		for i, cells := range []string{"Acme,", "Zulu,vip"} { // where the credential works
			file += fake.URL(i) + "," + wptest.DefaultUser + "," + fake.Password(i) + "," + cells + "\n"
			want = append(want, "added")
		}
		lines := h.imports(t, limitedTo("Acme", "vip"), file)
		if results(lines) != strings.Join(want, " ") {
			t.Errorf("got  %s\nwant %s", results(lines), strings.Join(want, " "))
		}
		for _, line := range lines {
			if strings.Contains(line.Reason, "Zulu") || strings.Contains(line.Reason, "secret-user") {
				t.Errorf("line %d tells of somebody else's site: %s", line.Number, line.Reason)
			}
		}
		hidden, err := h.registry.ByHome(t.Context(), access.System(), "hidden.example")
		if err != nil || hidden.Client != "Zulu" || hidden.Credential.Username != "secret-user" {
			t.Errorf("somebody else's site is %+v, %v", hidden, err)
		}
		if _, err := h.registry.Import(t.Context(), viewer, strings.NewReader(file)); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
	})
}

// Two who import the same file at the same time: each line is added once, and neither is told of an error.
func TestTwoImportsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		file := columns
		for i := range 40 {
			file += fmt.Sprintf("https://s%d.example", i) + secretCell + "Acme,\n"
		}
		var got [3]string
		var errs [3]error
		atOnce(3, func(i int) {
			lines, err := h.registry.Import(context.Background(), admin, strings.NewReader(file))
			got[i], errs[i] = results(lines), err
		})
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		added, unchanged := 0, 0
		for _, results := range got {
			added, unchanged = added+strings.Count(results, "added"), unchanged+strings.Count(results, "unchanged")
		}
		if added != 40 || unchanged != 80 || h.entries(t, access.SiteAdd) != 40 || h.entries(t, access.SiteImport) != 1 {
			t.Errorf("%d added, %d unchanged, %d entries of sites, %d of imports", added, unchanged, h.entries(t, access.SiteAdd), h.entries(t, access.SiteImport))
		}
	})
}

// What an import says of a site that is there already, by what the file has.
func TestImportOfAKnownSite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		h.imports(t, admin, "url,username,application_password,name,client,tags\nhttps://a.example"+secretCell+"Ann,Acme,shop|vip\n")
		for _, c := range []struct{ name, cells, want string }{
			{"the same", "Ann,Acme,vip;shop", "unchanged"},
			{"nothing beside the credential", ",,", "unchanged"},
			{"another client", ",Zulu,", "updated"},
			{"other tags", ",,shop", "updated"},
			{"another name", "Anne,,", "unchanged"},
			{"a name that is only the address", "a.example,,", "unchanged"},
		} {
			file := "url,username,application_password,name,client,tags\nhttps://A.example/" + secretCell + c.cells + "\n"
			if got := results(h.imports(t, admin, file)); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		if s, err := h.registry.ByHome(t.Context(), admin, "a.example"); err != nil || s.Name+"/"+s.Client+"/"+fmt.Sprint(s.Tags) != "Ann/Zulu/[shop]" {
			t.Errorf("%+v, %v", s, err)
		}
		if err := h.registry.Retire(t.Context(), admin, 1); err != nil {
			t.Fatal(err)
		}
		file := columns + "https://a.example" + secretCell + "Zulu,\nhttps://www.a.example" + secretCell + "Zulu,\n"
		if lines := h.imports(t, admin, file); results(lines) != "bad twice" || !strings.Contains(lines[0].Reason, "Restore it") {
			t.Errorf("a retired site: %+v", lines)
		}
	})
}

// What Drover writes into a file of sites is the same when it is read again, although no spreadsheet takes it for a formula.
func TestWhatIsExportedIsImported(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		drafts := []sites.Draft{
			{Name: "+49 Verlag", Client: "=Sum(A1)", Tags: []string{"-a", "+b", "c"}}, {Name: "@home", Client: "O'Neill, \"Bob\" & Co; KG"},
			{Name: "日本 — 𝒳", Client: "Müller|Söhne", Tags: []string{"büro"}}, {Name: "'quoted'", Client: "'", Tags: []string{"'x"}},
		}
		var file strings.Builder
		w := spreadsheet.NewWriter(&file)
		write := func(cells ...string) {
			if err := w.Write(cells...); err != nil {
				t.Fatal(err)
			}
		}
		write("url", "name", "client", "tags", "username", "application_password")
		for i, d := range drafts {
			d.URL, d.Username, d.Password = fmt.Sprintf("https://s%d.example", i), "u", newPassword()
			s := h.add(t, d)
			write(s.Home, s.Name, s.Client, strings.Join(s.Tags, "|"), s.Credential.Username, newPassword().Reveal())
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := results(h.imports(t, admin, file.String())); got != "unchanged unchanged unchanged unchanged" {
			t.Errorf("read again: %s of\n%s", got, file.String())
		}
		run(t, db, "DELETE FROM site_tags; DELETE FROM credentials; DELETE FROM sites; DELETE FROM clients")
		h.imports(t, admin, file.String())
		for i, d := range drafts {
			s, err := h.registry.ByHome(t.Context(), admin, fmt.Sprintf("https://s%d.example", i))
			if err != nil || s.Name != d.Name || s.Client != d.Client || !slices.Equal(s.Tags, slices.Sorted(slices.Values(d.Tags))) {
				t.Errorf("%+v became %+v, %v", d, s, err)
			}
		}
	})
}

func TestImportsOfManyLines(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long: run make test")
	}
	file := func(n int) string {
		var b strings.Builder
		b.WriteString(columns)
		for i := range n {
			fmt.Fprintf(&b, "https://s%d.example%s,\n", i, secretCell)
		}
		return b.String()
	}
	if lines, err := sites.ReadImport(strings.NewReader(file(20_000))); err != nil || len(lines) != 20_000 || lines[19_999].Number != 20_001 {
		t.Errorf("20,000 lines: %d, %v", len(lines), err)
	}
	if lines, err := sites.ReadImport(strings.NewReader(file(20_001))); !problemWith(err, "file") {
		t.Errorf("one more: %d, %v", len(lines), err)
	}
	if _, err := sites.ReadImport(strings.NewReader(strings.Repeat("x", sites.LongestImport+1))); !problemWith(err, "file") {
		t.Errorf("too large a file: %v", err)
	}
}

// After a mass import PostgreSQL plans with what is there: without statistics, a selection of 20,000 sites by a tag took 17 s.
func TestAMassImportIsAnalyzed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		if !db.Postgres() {
			return
		}
		h := newTestRegistry(t, db, nil)
		var b strings.Builder
		b.WriteString(columns)
		for i := range 500 {
			fmt.Fprintf(&b, "https://s%d.example%sAcme,x\n", i, secretCell)
		}
		if lines, err := h.registry.Import(t.Context(), admin, strings.NewReader(b.String())); err != nil || len(lines) != 500 {
			t.Fatalf("%d, %v", len(lines), err)
		}
		var analyzed int
		err := db.Gorm.Raw("SELECT count(*) FROM pg_class WHERE relname IN ('sites', 'site_tags', 'credentials') AND reltuples = 500").Scan(&analyzed).Error
		if err != nil || analyzed != 3 {
			t.Errorf("%d tables of 3, %v", analyzed, err)
		}
	})
}
