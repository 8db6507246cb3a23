package audit_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
)

// Whatever way the database takes, the pages of a filter are together exactly the entries that fulfil it, the newest first, each once.
func TestPagesAddUpToTheLog(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		for _, statement := range []string{
			"INSERT INTO clients (id, name, key, created_at) VALUES (1, 'Acme', 'acme', 0), (2, 'Zulu', 'zulu', 0)",
			"INSERT INTO sites (id, name, home, host, client_id, created_at, updated_at) VALUES (1, 'a', 'https://a', 'a', 1, 0, 0), (2, 'z', 'https://z', 'z', 2, " +
				"0, 0)",
			"INSERT INTO runs (id, operation, title, effect, spec, state, actor_kind, actor_name, total, created_at) VALUES (1, 'o', 't', 'read', '{}', 'done', " +
				"'member', 'm', 1, 0), (2, 'o', 't', 'read', '{}', 'done', 'member', 'm', 2, 0)",
			"INSERT INTO batches (id, run_id, done) VALUES (1, 1, TRUE), (2, 2, TRUE)",
			"INSERT INTO targets (run_id, batch_id, site_id, site_name, home, state) VALUES (1, 1, 1, 's', 'h', 'done'), (2, 2, 1, 's', 'h', 'done'), (2, 2, 2, 's', " +
				"'h', 'done')",
		} {
			if err := db.Gorm.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		log := audit.New(db.Gorm, sites.Subjects(), runs.Subjects())
		const n = 60
		subjects := []access.Subject{"site:1", "site:2", "run:1", "run:2", "member:9", ""}
		about := func(i int) access.Subject { return subjects[i%len(subjects)] }
		err := log.RecordMany(ctx, n, func(i int) (access.Actor, audit.Event) {
			return access.Actor{Kind: access.KindMember, ID: int64(i%7 + 1), Name: fmt.Sprintf("m%d", i%7+1), Role: access.Operator},
				audit.Event{Action: access.SiteCheck, Subject: about(i), Detail: map[string]any{"word": []string{"red", "blue"}[i%2]}}
		})
		if err != nil {
			t.Fatal(err)
		}
		restriction := access.Actor{Kind: access.KindMember, ID: 3, Role: access.Viewer, Scope: access.NewScope(access.Restriction{Clients: []string{"Acme"}})}
		theirs := func(i int) bool { return i%7+1 == 3 || about(i) == "site:1" || about(i) == "run:1" }
		for name, c := range map[string]struct {
			actor  access.Actor
			filter audit.Filter
			wanted func(i int) bool
		}{
			"all":    {access.System(), audit.Filter{}, func(int) bool { return true }},
			"client": {access.System(), audit.Filter{Client: "Acme"}, func(i int) bool { return i%6 == 0 || i%6 == 2 || i%6 == 3 }},
			"site":   {access.System(), audit.Filter{Site: 2}, func(i int) bool { return i%6 == 1 || i%6 == 3 }},
			"words":  {access.System(), audit.Filter{Words: "red"}, func(i int) bool { return i%2 == 0 }},
			"held":   {restriction, audit.Filter{}, theirs}, "held, words": {restriction, audit.Filter{Words: "blue"},
				func(i int) bool { return theirs(i) && i%2 == 1 }},
			"held, client, actor": {restriction, audit.Filter{Client: "Acme", Actor: "M3"},
				func(i int) bool { return theirs(i) && i%7+1 == 3 && (i%6 == 0 || i%6 == 2 || i%6 == 3) }},
			"member": {access.System(), audit.Filter{Member: 9}, func(i int) bool { return about(i) == "member:9" }},
		} {
			var want []int64
			for i := n - 1; i >= 0; i-- {
				if c.wanted(i) {
					want = append(want, int64(i+1))
				}
			}
			var paged, streamed []int64
			c.filter.Limit = 4
			for {
				p, err := log.Page(ctx, c.actor, c.filter)
				if err != nil {
					t.Fatal(err)
				}
				if p.Count != int64(len(want)) || p.More || len(p.Times) != len(want) {
					t.Errorf("%s: %d counted, %d times, want %d", name, p.Count, len(p.Times), len(want))
				}
				for _, e := range p.Entries {
					paged = append(paged, e.Seq)
				}
				if !p.Older {
					break
				}
				c.filter.Before = p.Entries[len(p.Entries)-1].Seq
			}
			c.filter.Before = 0
			if err := log.Each(ctx, c.actor, c.filter, func(e audit.Entry) error { streamed = append(streamed, e.Seq); return nil }); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(paged, want) || !slices.Equal(streamed, want) {
				t.Errorf("%s:\npaged    %v\nstreamed %v\nwant     %v", name, paged, streamed, want)
			}
		}
	})
}
