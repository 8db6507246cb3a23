package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

// A reviewer filters by what an entry is about, in every way at once, and the address keeps it.
func TestReviewingTheRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := divided(t, db)
		p := h.signIn(t, access.Viewer)
		for address, want := range map[string][2]string{
			"/audit?subject=site:1":         {"Run 1", "Run 2"},     // what was run on it is its time line, too
			"/audit?client=Zulu":            {"Run 2", "Acme shop"}, // by client
			"/audit?q=zulu":                 {"Zulu secret", "Acme shop"},
			"/audit?q=zul*&action=site.add": {"Zulu secret", "Run 2"},
			"/audit?subject=member:1":       {"signed in", "Acme shop"},
			"/audit?subject=run:3":          {"Run 3", "Run 2"},
			"/audit?client=Zulu&action=site.add&q=secret&actor=ROOT&outcome=done&since=2020-01-01": {"Zulu secret", "Run 2"},
			"/audit?client=Nobody":     {"No matching entries", "Run 1"},
			"/audit?q=%27%22+OR+1%3D1": {"No matching entries", "Run 1"},
			"/audit?until=2020-01-01":  {"No matching entries", "Run 1"},
			"/audit?before=3":          {"Newest", "Run 1"},
			"/audit/print?client=Zulu": {"client Zulu", "Acme shop"},
			"/audit/print?q=acme":      {"Verified on", "Zulu secret"},
		} {
			if status, body := p.get(address); status != http.StatusOK || !strings.Contains(body, want[0]) || strings.Contains(body, want[1]) {
				t.Errorf("%s: %d, wants %q and not %q", address, status, want[0], want[1])
			}
		}
	})
}

func TestViewsOfTheRecord(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	mara, other := h.signIn(t, access.Viewer), h.signIn(t, access.Operator)
	if status, to := mara.post("/audit/views", url.Values{"name": {"Acme <b>"}, "query": {"client=Acme&before=7&evil=1"}}); status != http.StatusSeeOther ||
		to != "/audit?client=Acme" {
		t.Errorf("%d %s", status, to)
	}
	if _, body := mara.get("/audit"); !strings.Contains(body, `/audit?client=Acme"`) || !strings.Contains(body, "Acme &lt;b&gt;") {
		t.Error("the view is not on the page")
	}
	if _, body := other.get("/audit"); strings.Contains(body, "Acme &lt;b&gt;") {
		t.Error("somebody else sees it")
	}
	if status, body := mara.post("/audit/views", url.Values{"name": {" "}, "query": {"client=Acme"}}); status != http.StatusUnprocessableEntity ||
		!strings.Contains(body, "Enter a name of 1 to 60 characters") {
		t.Errorf("no name: %d", status)
	}
	other.post("/audit/views/1/remove", nil)
	if _, body := mara.get("/audit"); !strings.Contains(body, "Acme &lt;b&gt;") {
		t.Error("somebody else removed it")
	}
	mara.post("/audit/views/1/remove", nil)
	if _, body := mara.get("/audit"); strings.Contains(body, "Acme &lt;b&gt;") {
		t.Error("it is still there")
	}
}

// An export holds exactly what the filter shows, can be verified, and is recorded itself.
func TestExportingTheRecord(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	p := h.signIn(t, access.Viewer)
	status, text := p.get("/audit/export.jsonl?client=Acme")
	if status != http.StatusOK || strings.Contains(text, "Zulu") {
		t.Fatalf("%d %.300s", status, text)
	}
	for line := range strings.Lines(text) {
		var e audit.Line
		if err := json.Unmarshal([]byte(line), &e); err != nil || len(e.Hash) != 64 {
			t.Errorf("%s: %v", line, err)
		}
	}
	if status, text := p.get("/audit/export.csv"); status != http.StatusOK || !strings.HasPrefix(text, "entry,at,who,") || !strings.Contains(text, "site.add") {
		t.Errorf("csv: %d %.200s", status, text)
	}
	if status, _ := p.get("/audit/export.csv?since=soon"); status != http.StatusUnprocessableEntity {
		t.Errorf("a bad date: %d", status)
	}
	if _, n, err := h.log.Entries(context.Background(), access.System(), audit.Filter{Action: access.AuditExport}); err != nil || n != 2 {
		t.Errorf("%d exports are recorded: %v", n, err)
	}
}

// A checkpoint that was signed in the browser finds a record that was written again.
func TestSigningInTheBrowser(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	status, text := h.signIn(t, access.Admin).post("/audit/checkpoint", nil)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	checkpoint, err := audit.ReadCheckpoint([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if v, err := h.log.VerifyAgainst(ctx, checkpoint); err != nil || !v.Intact() {
		t.Errorf("%+v %v", v, err)
	}
	if _, err := audit.ReadCheckpoint(bytes.Replace([]byte(text), []byte(checkpoint.Hash[:8]), []byte("00000000"), 1)); err == nil {
		t.Error("a forged checkpoint was believed")
	}
	for range 3 {
		if signed, err := h.log.Daily(ctx, h.signing); err != nil || signed {
			t.Errorf("another one on the same day: %v %v", signed, err)
		}
	}
}

// Paper leaves the house as a file does: after a proof, and recorded.
func TestPrintingTheRecordIsAnExport(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Viewer)
	h.later(t, time.Hour)
	if status, to := p.get("/audit/print?q=root"); status != http.StatusSeeOther || !strings.HasPrefix(to, "/confirm?next=") {
		t.Errorf("without a proof: %d %.100s", status, to)
	}
	exports := func() []audit.Entry {
		found, _, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Action: access.AuditExport, Outcome: audit.Done})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := exports(); len(found) != 0 {
		t.Errorf("recorded without one: %+v", found)
	}
	h.later(t, 0)
	if status, page := p.get("/audit/print?q=root"); status != http.StatusOK {
		t.Errorf("with a proof: %d %.200s", status, page)
	}
	if found := exports(); len(found) != 1 || !strings.Contains(string(found[0].Detail), `"print":true`) || !strings.Contains(string(found[0].Detail), "q=root") {
		t.Errorf("recorded: %+v", found)
	}
}

// An entry that holds no name says what the site is called, to those who may see the site, and what changed from what to what.
func TestEntriesNameTheirSites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := divided(t, db)
		admin := h.signIn(t, access.Admin)
		edit := url.Values{"site": {"1"}, "new_client": {"Other"}, "tags": {"add"}, "new_tag": {"pilot"}}
		if status, _ := admin.post("/sites/edit", edit); status != http.StatusSeeOther {
			t.Fatalf("%d", status)
		}
		_, body := admin.get("/audit?action=site.edit")
		text := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, "")), " ")
		for _, want := range []string{"edited Acme shop: client from Acme to Other; tags from", "pilot"} {
			if !strings.Contains(text, want) {
				t.Errorf("the log does not say %q: %s", want, text)
			}
		}
	})
}
