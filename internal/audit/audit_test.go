package audit_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

var mara = access.Actor{Kind: access.KindMember, ID: 7, Name: "Mara", Role: access.Operator, Addr: "203.0.113.7"}

func record(t *testing.T, log *audit.Log, n int) {
	t.Helper()
	for i := range n {
		event := audit.Event{Action: access.SiteEdit, Subject: access.On("site", int64(i)), Detail: map[string]any{"n": i, "name": "Café <b>"}}
		if err := log.RecordAlone(context.Background(), mara, event); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAuthorize(t *testing.T) {
	cases := []struct {
		role    access.Role
		action  access.Action
		allowed bool
	}{
		{access.Viewer, access.RunRead, true},
		{access.Viewer, access.RunStart, false},
		{access.Operator, access.RunStart, true},
		{access.Operator, access.RunStartDestroy, false},
		{access.Admin, access.RunStartDestroy, true},
		{access.Admin, access.KeysRotate, false},
		{access.Owner, access.KeysRotate, true},
		{access.Role("root"), access.RunRead, false},
		{access.Owner, access.Action("site.explode"), false},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log, ctx := audit.New(db.Gorm), context.Background()
		refused := int64(0)
		for _, c := range cases {
			actor := mara
			actor.Role = c.role
			err := log.Authorize(ctx, actor, c.action, "site:1")
			if c.allowed != (err == nil) || err != nil && !errors.Is(err, access.ErrForbidden) {
				t.Errorf("%s %s: got %v", c.role, c.action, err)
			}
			if !c.allowed {
				refused++
			}
		}
		entries, total, err := log.Entries(ctx, access.System(), audit.Filter{Outcome: audit.Refused})
		if err != nil || total != refused {
			t.Fatalf("%d refusals recorded (%v), want %d", total, err, refused)
		}
		if got := entries[len(entries)-1]; got.Event.Action != access.RunStart || got.Event.Subject != "site:1" || got.Actor.Name != "Mara" {
			t.Errorf("the first refusal reads %+v", got)
		}
	})
}

func TestNoRecordNoChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db.Gorm)
		refuse := "CREATE TRIGGER refuse BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'refused'); END"
		if db.Postgres() {
			refuse = "ALTER TABLE entries ADD CONSTRAINT refuse CHECK (seq < 0) NOT VALID"
		}
		for name, detail := range map[string]map[string]any{"unwritable": {"unwritable": make(chan int)}, "refused by the database": nil} {
			if detail == nil {
				if err := db.Gorm.Exec(refuse).Error; err != nil {
					t.Fatal(err)
				}
			}
			err := db.Gorm.Transaction(func(tx *gorm.DB) error {
				if err := tx.Exec("INSERT INTO clients (name, created_at) VALUES ('Acme', 1)").Error; err != nil {
					return err
				}
				return log.Record(tx, mara, audit.Event{Action: access.SiteAdd, Detail: detail})
			})
			if err == nil {
				t.Errorf("%s: an entry that cannot be written was accepted", name)
			}
			var n int64
			db.Gorm.Raw("SELECT count(*) FROM clients").Scan(&n)
			if n != 0 {
				t.Errorf("%s: the change was kept without its entry", name)
			}
		}
	})
}

func TestConcurrentWritersMakeOneChain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db.Gorm)
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() { record(t, log, 15) })
		}
		group.Wait()
		v, err := log.Verify(context.Background())
		if err != nil || !v.Intact() || v.Entries != 90 {
			t.Errorf("verification %+v, %v; want 90 whole entries", v, err)
		}
	})
}

func TestTheTableIsAppendOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		statements := []string{"UPDATE entries SET actor_name = 'x'", "DELETE FROM entries"}
		record(t, audit.New(db.Gorm), 1)
		if db.Postgres() {
			statements = append(statements, "TRUNCATE entries")
		}
		for _, s := range statements {
			if err := db.Gorm.Exec(s).Error; err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: got %v", s, err)
			}
		}
	})
}

func TestTamperingIsFoundAndNamed(t *testing.T) {
	cases := map[string]struct {
		statement string
		broken    int64
		why       string
	}{
		"edited":   {"UPDATE entries SET actor_name = 'Nobody' WHERE seq = 4", 4, "does not match its hash"},
		"detail":   {"UPDATE entries SET detail = '{\"n\":9}' WHERE seq = 2", 2, "does not match its hash"},
		"garbled":  {"UPDATE entries SET detail = '{' WHERE seq = 2", 2, "does not match its hash"},
		"deleted":  {"DELETE FROM entries WHERE seq = 5", 5, "entry 5 is missing"},
		"first":    {"DELETE FROM entries WHERE seq = 1", 1, "entry 1 is missing"},
		"relinked": {"UPDATE entries SET prev = '00' WHERE seq = 3", 3, "link to the entry before"},
		"swapped": {"UPDATE entries SET seq = CASE seq WHEN 6 THEN -7 ELSE -6 END WHERE seq IN (6, 7); UPDATE entries SET seq = -seq WHERE seq < 0", 6,
			"link to the entry before"},
		"forged": {"INSERT INTO entries SELECT 9, at, actor_kind, actor_id, actor_name, role, action, subject, outcome, detail, addr, hash, hash FROM entries " +
			"WHERE seq = 8", 9, "does not match its hash"},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		off := "DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete"
		if db.Postgres() {
			off = "DROP TRIGGER entries_no_update ON entries; DROP TRIGGER entries_no_delete ON entries"
		}
		for _, s := range strings.Split(off, ";") {
			if err := db.Gorm.Exec(s).Error; err != nil {
				t.Fatal(err)
			}
		}
		log := audit.New(db.Gorm)
		record(t, log, 8)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				if err := db.Gorm.Exec("CREATE TABLE kept AS SELECT * FROM entries").Error; err != nil {
					t.Fatal(err)
				}
				defer func() {
					db.Gorm.Exec("DELETE FROM entries")
					db.Gorm.Exec("INSERT INTO entries SELECT * FROM kept")
					db.Gorm.Exec("DROP TABLE kept")
				}()
				for _, s := range strings.Split(c.statement, ";") {
					if err := db.Gorm.Exec(s).Error; err != nil {
						t.Fatal(err)
					}
				}
				v, err := log.Verify(context.Background())
				if err != nil || v.Broken != c.broken || !strings.Contains(v.Why, c.why) {
					t.Errorf("got %+v, %v; want entry %d, %q", v, err, c.broken, c.why)
				}
			})
		}
	})
}

func TestFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log, ctx := audit.New(db.Gorm), context.Background()
		record(t, log, 3)
		if err := log.RecordAlone(ctx, access.System(), audit.Event{Action: access.RunFinish, Subject: "run:1", Outcome: audit.Failed}); err != nil {
			t.Fatal(err)
		}
		cases := map[string]struct {
			filter audit.Filter
			want   int64
		}{
			"all":     {audit.Filter{}, 4},
			"actor":   {audit.Filter{Actor: "mar"}, 3},
			"percent": {audit.Filter{Actor: "%"}, 0},
			"action":  {audit.Filter{Action: access.RunFinish}, 1},
			"subject": {audit.Filter{Subject: "site:2"}, 1},
			"result":  {audit.Filter{Outcome: audit.Failed}, 1},
			"since":   {audit.Filter{Since: time.Now().Add(time.Hour)}, 0},
			"until":   {audit.Filter{Until: time.Now().Add(time.Hour)}, 4},
			"words":   {audit.Filter{Words: "café"}, 3},
			"no word": {audit.Filter{Words: "!?"}, 0},
			"begins":  {audit.Filter{Words: "CAF*"}, 3},
			"hostile": {audit.Filter{Words: `" OR 1=1 -- ' & | ! ( :* caf`}, 0},
		}
		for name, c := range cases {
			if _, total, err := log.Entries(ctx, access.System(), c.filter); err != nil || total != c.want {
				t.Errorf("%s: %d entries, %v; want %d", name, total, err, c.want)
			}
		}
		page, err := log.Page(ctx, access.System(), audit.Filter{Limit: 3})
		if err != nil || len(page.Times) != 4 || page.Times[0].Before(page.Times[3]) || page.Count != 4 || page.More || !page.Older || len(page.Entries) != 3 {
			t.Errorf("%+v, %v", page, err)
		}
		if page, err = log.Page(ctx, access.System(), audit.Filter{Before: 2}); err != nil || len(page.Entries) != 1 || page.Entries[0].Seq != 1 || page.Older ||
			page.Count != 4 {
			t.Errorf("older than 2: %+v, %v", page, err)
		}
		e, err := log.Entry(ctx, access.System(), 2)
		if err != nil || string(e.Detail) != `{"n":1,"name":"Café <b>"}` {
			t.Errorf("entry 2 is %s, %v", e.Detail, err)
		}
		if _, err := log.Entry(ctx, access.System(), 99); !errors.Is(err, audit.ErrNoEntry) {
			t.Errorf("entry 99: %v", err)
		}
	})
}

// Whoever gives an entry other content and a right hash must rewrite all that follow.
func TestRewritingAnEntryBreaksTheNext(t *testing.T) {
	t.Parallel()
	other := dbtest.SQLite(t)
	record(t, audit.New(other.Gorm), 1)
	forged := map[string]any{}
	if err := other.Gorm.Table("entries").Where("seq = 1").Take(&forged).Error; err != nil {
		t.Fatal(err)
	}
	db := dbtest.SQLite(t)
	log := audit.New(db.Gorm)
	record(t, log, 3)
	if err := db.Gorm.Exec("DROP TRIGGER entries_no_update").Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Gorm.Table("entries").Where("seq = 1").Updates(forged).Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Gorm.Exec("UPDATE entries SET prev = ? WHERE seq = 2", forged["hash"]).Error; err != nil {
		t.Fatal(err)
	}
	if v, err := log.Verify(t.Context()); err != nil || v.Broken != 2 || !strings.Contains(v.Why, "does not match its hash") {
		t.Errorf("got %+v, %v; want entry 2, whose hash holds the hash of the first", v, err)
	}
}
