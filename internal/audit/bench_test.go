package audit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
)

// BenchmarkAppend tells how many entries a second one after the other gets into the audit log, each in a transaction of its own.
func BenchmarkAppend(b *testing.B) {
	log := audit.New(dbtest.SQLite(b).Gorm)
	ctx := context.Background()
	for i := 0; b.Loop(); i++ {
		if err := log.RecordAlone(ctx, member(i), event(i)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func member(i int) access.Actor {
	return access.Actor{Kind: access.KindMember, ID: int64(i%40 + 1), Name: fmt.Sprintf("Member %d", i%40+1), Role: access.Operator, Addr: "203.0.113.7"}
}

func event(i int) audit.Event {
	actions := []access.Action{access.SiteCheck, access.RunStart, access.RunFinish, access.SiteEdit, access.MemberSignIn}
	subject := access.On("site", int64(i%5000+1))
	if i%5 == 1 || i%5 == 2 {
		subject = access.On("run", int64(i/5+1))
	}
	return audit.Event{Action: actions[i%5], Subject: subject, Detail: map[string]any{"home": fmt.Sprintf("https://site-%d.example", i%5000), "state": "ready",
		"finding": "", "n": i}}
}

// fill writes n entries fast: many to a transaction, as nothing in Drover does.
func fill(b *testing.B, db *database.DB, n int) {
	b.Helper()
	const most = 5000
	log := audit.New(db.Gorm, sites.Subjects(), runs.Subjects())
	for done := 0; done < n; done += most {
		if err := log.RecordMany(context.Background(), min(most, n-done),
			func(i int) (access.Actor, audit.Event) { return member(done + i), event(done + i) }); err != nil {
			b.Fatal(err)
		}
	}
}

const manyEntries = 1_000_000

// BenchmarkRecordOfAMillion tells how fast a record of a million entries is verified, and what each filtered page costs.
func BenchmarkRecordOfAMillion(b *testing.B) {
	db := dbtest.SQLite(b)
	ctx := context.Background()
	began := time.Now()
	fill(b, db, manyEntries)
	b.Logf("filled in %v", time.Since(began).Round(time.Second))
	seedSites(b, db)
	log := audit.New(db.Gorm, sites.Subjects(), runs.Subjects())
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if v, err := log.Verify(ctx); err != nil || !v.Intact() || v.Entries != manyEntries {
				b.Fatalf("%+v %v", v, err)
			}
		}
		b.ReportMetric(float64(b.N)*manyEntries/b.Elapsed().Seconds(), "entries/s")
	})
	month := time.Now().AddDate(0, -1, 0)
	restriction := access.Actor{Kind: access.KindMember, ID: 3, Role: access.Viewer, Scope: access.NewScope(access.Restriction{Clients: []string{"Client 7"}})}
	for _, c := range []struct {
		name   string
		actor  access.Actor
		filter audit.Filter
	}{
		{"all", access.System(), audit.Filter{}}, {"action", access.System(), audit.Filter{Action: access.RunFinish}},
		{"actor", access.System(), audit.Filter{Actor: "member 17"}},
		{"nobody", access.System(), audit.Filter{Actor: "no such name"}}, {"site", access.System(), audit.Filter{Subject: "site:4999"}},
		{"run", access.System(), audit.Filter{Subject: "run:100000"}},
		{"client", access.System(), audit.Filter{Client: "Client 7"}}, {"words", access.System(), audit.Filter{Words: "site 4711 example"}},
		{"common word", access.System(), audit.Filter{Words: "ready"}}, {"beginning", access.System(), audit.Filter{Words: "site 47*"}},
		{"time", access.System(), audit.Filter{Since: month}}, {"before all", access.System(), audit.Filter{Until: month}},
		{"refused", access.System(), audit.Filter{Outcome: audit.Refused}},
		{"all at once", access.System(), audit.Filter{Actor: "member 2", Action: access.SiteEdit, Client: "Client 7", Words: "ready", Since: month}},
		{"deep", access.System(), audit.Filter{Before: 500_000}},
		{"held to a client", restriction, audit.Filter{}}, {"held to a client, words", restriction, audit.Filter{Words: "ready"}},
	} {
		b.Run("page/"+c.name, func(b *testing.B) {
			var worst time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := log.Page(ctx, c.actor, c.filter); err != nil {
					b.Fatal(err)
				}
				worst = max(worst, time.Since(began))
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
		})
	}
}

// seedSites gives the sites that the entries are about to clients, and runs their targets.
func seedSites(b *testing.B, db *database.DB) {
	b.Helper()
	for _, statement := range []string{
		"INSERT INTO clients (id, name, key, created_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)" +
			" SELECT i, 'Client ' || i, 'client ' || i, 0 FROM n",
		"INSERT INTO sites (id, name, home, host, client_id, created_at, updated_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
			"5000) SELECT i, 'Site ' || i, 'https://site-' || i, 'site-' || i, i % 50 + 1, 0, 0 FROM n",
		"INSERT INTO runs (id, operation, title, effect, spec, state, actor_kind, actor_name, total, created_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL " +
			"SELECT i + 1 FROM n WHERE i < 2000) SELECT i, 'status', 'Status', 'read', '{}', 'done', 'member', 'Member', 100, 0 FROM n",
		"INSERT INTO batches (id, run_id, done) SELECT id, id, TRUE FROM runs",
		"INSERT INTO targets (run_id, batch_id, site_id, site_name, home, state) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99) " +
			"SELECT runs.id, runs.id, (runs.id * 100 + n.i) % 5000 + 1, 's', 'h', 'done' FROM runs, n",
	} {
		if err := db.Gorm.Exec(statement).Error; err != nil {
			b.Fatal(err)
		}
	}
}
