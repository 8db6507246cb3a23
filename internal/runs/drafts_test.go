package runs_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
)

// withMembers is a harness whose members are in the database, as drafts need.
func withMembers(t *testing.T, db *database.DB) *runstest.Harness {
	t.Helper()
	h := runstest.New(t, db, nil)
	for _, m := range []access.Actor{runstest.Owner, runstest.Operator, runstest.Viewer} {
		h.Exec(t, "INSERT INTO members (id, email, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, '', 1)", m.ID, m.Name+"@acme.example", m.Name, m.Role)
	}
	return h
}

func TestDrafts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := withMembers(t, db)
		ctx := t.Context()
		save := func(actor access.Actor, name string, form map[string][]string) string {
			t.Helper()
			saved, err := h.Runner.SaveDraft(ctx, actor, name, form)
			if err != nil {
				t.Fatal(err)
			}
			return saved
		}
		form := func(text string) map[string][]string {
			return map[string][]string{"operation": {"request"}, "body": {text}}
		}
		const secret = "a secret of 日本"
		name := save(runstest.Operator, "", form(secret))
		if again := save(runstest.Operator, " "+name+" ", form(secret+"!")); again != name {
			t.Errorf("the same draft has the names %q and %q", name, again)
		}
		if other := save(runstest.Owner, name, form("mine")); other == name {
			t.Error("a member wrote over another's draft")
		}
		if d, err := h.Runner.Draft(ctx, name); err != nil || d.Member != runstest.Operator.ID || d.Form["body"][0] != secret+"!" {
			t.Errorf("%+v, %v", d, err)
		}
		var stored []byte
		if err := db.SQL.QueryRowContext(ctx, "SELECT form FROM drafts ORDER BY id LIMIT 1").Scan(&stored); err != nil || strings.Contains(string(stored), "secret") {
			t.Errorf("it is stored as %q, %v", stored, err)
		}
		for _, unknown := range []string{"", "x", strings.Repeat("a", 26), strings.ToUpper(name), name + "\x00", "\xff", strings.Repeat("x", 100_000)} {
			if _, err := h.Runner.Draft(ctx, unknown); !errors.Is(err, runs.ErrNoDraft) {
				t.Errorf("%.30q: %v", unknown, err)
			}
			if got, err := h.Runner.SaveDraft(ctx, runstest.Operator, unknown, form("x")); err != nil || len(got) != 26 || got == unknown {
				t.Errorf("saved as %.30q: %q, %v", unknown, got, err)
			}
		}
		if _, err := h.Runner.SaveDraft(ctx, runstest.Viewer, "", form("x")); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		if _, err := h.Runner.SaveDraft(ctx, runstest.Owner, "", form(strings.Repeat("x", 1<<20))); err == nil {
			t.Error("a draft of more than 1 MB was kept")
		}
		h.Exec(t, "UPDATE drafts SET form = ? WHERE name = ?", []byte("sealed with a key that is gone"), name)
		if _, err := h.Runner.Draft(ctx, name); !errors.Is(err, runs.ErrNoDraft) {
			t.Errorf("one that does not open: %v", err)
		}
		if n, err := h.Runner.RotateKeys(ctx, runstest.Owner); err != nil || n != 0 {
			t.Errorf("rotated %d that the primary key sealed already, %v", n, err)
		}
		h.Exec(t, "UPDATE drafts SET expires_at = 1")
		save(runstest.Owner, "", form("new"))
		var left int
		if db.Gorm.Raw("SELECT count(*) FROM drafts").Scan(&left); left != 1 {
			t.Errorf("%d drafts are left of those that expired", left)
		}
	})
}

// A member keeps the last hundred drafts, and takes none of another's away.
func TestAMemberHasAHundredDrafts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := withMembers(t, db)
		save := func(actor access.Actor) string {
			name, err := h.Runner.SaveDraft(t.Context(), actor, "", map[string][]string{"operation": {"status"}})
			if err != nil {
				t.Fatal(err)
			}
			return name
		}
		other, first := save(runstest.Owner), save(runstest.Operator)
		kept := map[string]bool{}
		for range 100 {
			kept[save(runstest.Operator)] = true
		}
		if _, err := h.Runner.Draft(t.Context(), first); !errors.Is(err, runs.ErrNoDraft) {
			t.Errorf("the oldest of 101: %v", err)
		}
		kept[other] = true
		for name := range maps.Keys(kept) {
			if _, err := h.Runner.Draft(t.Context(), name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(kept) != 101 {
			t.Error(fmt.Sprint(len(kept), " names of 101 drafts"))
		}
	})
}
