package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
)

// An import of nothing but bad lines shows the first of them, and keeps all of them for the member who imported.
func TestBadLinesOfAnImportAreKept(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Admin)
	var file strings.Builder
	file.WriteString("url,username,application_password\n")
	for i := range 1000 {
		fmt.Fprintf(&file, "\"x;=1+%d\",drover,zzzz YYYY 9999 xxxx WWWW 8888\n", i)
	}
	status, page := p.post("/sites/import", url.Values{"csv": {file.String()}})
	if lines := report(t, page); status != http.StatusOK || len(lines) != 200 || !strings.Contains(page, "800 more lines") ||
		!strings.Contains(page, "all 1,000 bad lines") {
		t.Errorf("%d, %d lines are shown", status, len(lines))
	}
	for range 2 {
		status, kept := p.get("/sites/import/bad.csv")
		if status != http.StatusOK || strings.Count(kept, "\n") != 1001 || !strings.Contains(kept, "\n1001,") || strings.Contains(kept, "YYYY") ||
			strings.Contains(kept, ";=") {
			t.Errorf("%d %.300s", status, kept)
		}
	}
	if _, page := p.get("/sites/import"); !strings.Contains(page, "/sites/import/bad.csv") {
		t.Error("the link is gone after a reload")
	}
	other := h.signIn(t, access.Owner)
	if status, _ := other.get("/sites/import/bad.csv"); status != http.StatusNotFound {
		t.Errorf("another member gets %d", status)
	}
	h.db.Gorm.Exec("UPDATE import_reports SET expires_at = ?", time.Now().Add(-time.Second).UnixMicro())
	if status, _ := p.get("/sites/import/bad.csv"); status != http.StatusNotFound {
		t.Errorf("after it expired: %d", status)
	}
}

// Ten megabytes of lines cost memory that is bounded by a constant, and are answered with a sentence.
func TestAnImportOfTooManyLinesIsRefused(t *testing.T) {
	// not parallel: it measures memory
	h := newTestServer(t)
	p := h.signIn(t, access.Admin)
	content := "url,username,application_password\n" + strings.Repeat("a\n", 5<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	status, page := upload(t, p, content, "")
	runtime.ReadMemStats(&after)
	if status != http.StatusUnprocessableEntity || !strings.Contains(page, "20,000 lines") || len(page) > 100<<10 {
		t.Errorf("%d, %d bytes", status, len(page))
	}
	if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 250 {
		t.Errorf("%d MB were allocated", grown)
	}
}

// Nothing is stored before somebody has seen what would be, and the choice of columns is remembered for the next file with the same header.
func TestAnImportIsPreviewed(t *testing.T) {
	h := newTestServer(t)
	p := h.signIn(t, access.Admin)
	if _, err := h.registry.Import(t.Context(), shell,
		strings.NewReader("url,username,application_password\nhttps://www.known.example,u,abcd EFGH 1234 ijkl MNOP 5678\n")); err != nil {
		t.Fatal(err)
	}
	file := "Projekt;Wo;Wer;Geheim\nAcme;https://acme.example/wp-admin;drover;zzzz YYYY 9999 xxxx WWWW 8888\nX;known.example;u;zzzz YYYY 9999 xxxx " +
		"WWWW 8888\nY;https://three.example;u;hunter2\n"
	status, page := p.post("/sites/import/preview", url.Values{"csv": {file}})
	if status != http.StatusOK || !strings.Contains(page, "Match the columns") || strings.Contains(page, "YYYY") || strings.Contains(page, "hunter2") {
		t.Fatalf("%d %.3000s", status, page)
	}
	if _, total, err := h.registry.Sites(t.Context(), shell, sites.Filter{}); err != nil || total != 1 {
		t.Errorf("%d sites are stored: %v", total, err)
	}
	choice := url.Values{"upload": {"1"}, "column.1": {"client"}, "column.2": {"url"}, "column.3": {"username"}, "column.4": {"application_password"}}
	status, page = p.post("/sites/import/preview", choice)
	for _, want := range []string{"Import 2 sites", "in the list as https://www.known.example", "looks like a login password"} {
		if status != http.StatusOK || !strings.Contains(page, want) || strings.Contains(page, "YYYY") {
			t.Errorf("%d, wants %s: %.3000s", status, want, page)
		}
	}
	if status, page = p.post("/sites/import", url.Values{"upload": {"1"}}); status != http.StatusOK || len(report(t, page)) != 3 {
		t.Errorf("%d %.3000s", status, page)
	}
	if found, total, err := h.registry.Sites(t.Context(), shell, sites.Filter{Clients: []string{"Acme"}}); err != nil || total != 1 ||
		found[0].Home != "https://acme.example" {
		t.Errorf("%v %d %v", found, total, err)
	}
	if status, _ := p.post("/sites/import", url.Values{"upload": {"1"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("the file is kept after its import: %d", status)
	}
	if _, page = p.post("/sites/import/preview", url.Values{"csv": {file}}); strings.Contains(page, "Match the columns") {
		t.Error("the choice of columns is forgotten")
	}
}
