package audit_test

import (
	"encoding/json"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

// Two thousand refusals of one kind are two entries: the first, and one with the number of the others. Another kind has its own.
func TestRepeatedRefusalsAreGathered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db.Gorm)
		viewer := access.Actor{Kind: access.KindMember, ID: 3, Name: "Vera", Role: access.Viewer, Addr: "192.0.2.1"}
		for range 2000 {
			if err := log.Authorize(t.Context(), viewer, access.SiteRetire, "site:1"); err == nil {
				t.Fatal("a viewer may retire a site")
			}
		}
		if err := log.Authorize(t.Context(), viewer, access.SiteRetire, "site:2"); err == nil {
			t.Fatal("a viewer may retire a site")
		}
		if err := log.RecordRepeats(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if _, n, err := log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Refused}); n != 2 || err != nil {
			t.Errorf("%d entries within the minute, %v", n, err)
		}
		if err := log.RecordRepeats(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		entries, n, err := log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Refused, Subject: "site:1"})
		if err != nil || n != 2 {
			t.Fatalf("%d entries, %v", n, err)
		}
		var detail struct{ Repeats int }
		if err := json.Unmarshal(entries[0].Detail, &detail); err != nil || detail.Repeats != 1999 || entries[0].Actor.Name != "Vera" ||
			entries[0].Actor.Addr != "192.0.2.1" {
			t.Errorf("%s of %+v, %v", entries[0].Detail, entries[0].Actor, err)
		}
		if err := log.RecordRepeats(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if _, n, err := log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Refused}); n != 3 || err != nil {
			t.Errorf("%d entries in the end, %v", n, err)
		}
		if v, err := log.Verify(t.Context()); err != nil || !v.Intact() {
			t.Errorf("%+v, %v", v, err)
		}
	})
}
