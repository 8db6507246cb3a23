package web_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
)

// A file that cannot be finished must not look whole. Entry 3, which is on one of the last pages that an export reads, cannot be read.
func TestABrokenExportIsSeenToBeBroken(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	for range 1200 {
		if err := h.log.RecordAlone(t.Context(), access.System(), audit.Event{Action: access.DroverStart,
			Detail: map[string]any{"why": strings.Repeat("long ", 100)}}); err != nil {
			t.Fatal(err)
		}
	}
	h.breakEntry(t, 3)
	for _, path := range []string{"/audit/export.csv", "/audit/export.jsonl"} {
		got, err := p.Do(p.request(http.MethodGet, path, nil))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(got.Body)
		got.Body.Close()
		if !errors.Is(err, io.ErrUnexpectedEOF) || got.StatusCode != http.StatusOK || len(text) == 0 {
			t.Errorf("%s ended with %v after %d bytes", path, err, len(text))
		}
		h.logs(t, "file broken off", "path="+path)
	}
}

// Where nothing has left yet, an export that fails is a page that says so, and no file.
func TestAnExportThatFailsBeforeItBeginsIsAPage(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	h.breakEntry(t, 1)
	for _, path := range []string{"/audit/export.csv", "/audit/export.jsonl", "/audit/print"} {
		got, err := p.Do(p.request(http.MethodGet, path, nil))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil || got.StatusCode != http.StatusInternalServerError || got.Header.Get("Content-Disposition") != "" ||
			!strings.Contains(string(text), "Something went wrong in Drover") {
			t.Errorf("%s: %d %v %.200s", path, got.StatusCode, err, text)
		}
	}
}

// breakEntry makes an entry that no query can read.
func (h *testServer) breakEntry(t *testing.T, seq int) {
	t.Helper()
	var triggers []string
	if err := h.db.Gorm.Raw("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entries'").Scan(&triggers).Error; err != nil {
		t.Fatal(err)
	}
	for _, name := range triggers {
		if err := h.db.Gorm.Exec("DROP TRIGGER " + name).Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := h.db.Gorm.Exec("UPDATE entries SET at = 'no time' WHERE seq = ?", seq).Error; err != nil {
		t.Fatal(err)
	}
}
