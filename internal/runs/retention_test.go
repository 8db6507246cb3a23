package runs_test

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// oldRun stores a run of so many sites that ended so many days ago, each with one answer, and returns its id.
func oldRun(t *testing.T, h *runstest.Harness, targets, days int) int64 {
	t.Helper()
	ended := time.Now().AddDate(0, 0, -days).UnixMicro()
	var run, batch int64
	scan := func(into *int64, statement string, values ...any) {
		t.Helper()
		if err := h.DB.Gorm.Raw(statement, values...).Scan(into).Error; err != nil {
			t.Fatal(err)
		}
	}
	scan(&run, `INSERT INTO runs (operation, title, effect, spec, state, actor_kind, actor_id, actor_name, total, created_at, started_at, ended_at)
		VALUES ('request', 'GET /', 'read', '{"operation":"request"}', 'done', 'system', 0, 'Drover', ?, ?, ?, ?) RETURNING id`, targets, ended, ended, ended)
	scan(&batch, "INSERT INTO batches (run_id, done, owner, lease_until, failures, retry_at) VALUES (?, TRUE, '', 0, 0, 0) RETURNING id", run)
	numbers := "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < " + strconv.Itoa(targets) + ")"
	insert := "INSERT INTO targets (run_id, batch_id, site_id, site_name, home, state, outcome, reason, attempts, ended_at) "
	from := " SELECT ?, ?, ?, 'Site', 'https://site.example', 'done', CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'ok' END, CASE WHEN n % 10 = 0 THEN " +
		"'timeout' ELSE '' END, 1, ? FROM numbers"
	statement := numbers + " " + insert + from
	if !h.DB.Postgres() {
		statement = insert + numbers + from
	}
	for _, s := range []struct {
		text   string
		values []any
	}{
		{statement, []any{run, batch, h.Sites[0].ID, ended}},
		{`INSERT INTO attempts (target_id, n, method, url, sent, status, header, body, outcome, started_at, took_us)
			SELECT id, 1, 'GET', 'https://site.example/', TRUE, 200, '{}', ?, outcome, ?, 1000 FROM targets WHERE run_id = ?`,
			[]any{[]byte(`[{"name":"Akismet","version":"5.3","description":"Used by millions to protect their blogs"}]`), ended, run}},
	} {
		if err := h.DB.Gorm.Exec(s.text, s.values...).Error; err != nil {
			t.Fatal(err)
		}
	}
	return run
}

func number(t *testing.T, db *database.DB, query string, values ...any) (n int64) {
	t.Helper()
	if err := db.Gorm.Raw(query, values...).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

// largest is how many targets the largest run of these tests has; DROVER_TEST_TARGETS=1000000 for another number.
func largest() int {
	if n, err := strconv.Atoi(os.Getenv("DROVER_TEST_TARGETS")); err == nil {
		return n
	}
	return 4000
}

func TestRetentionRemovesWhatIsOldEnough(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}})
		ctx := t.Context()
		large := largest()
		ancient, old, young := oldRun(t, h, large, 400), oldRun(t, h, 1200, 100), oldRun(t, h, 700, 10)
		before := map[int64]runs.Counts{}
		for _, run := range []int64{ancient, old, young} {
			s, err := h.Runner.Snapshot(ctx, runstest.Viewer, run)
			if err != nil {
				t.Fatal(err)
			}
			before[run] = s.Counts
		}
		rule := runs.Retention{Answers: 90, Attempts: 180, Targets: 365}
		if err := h.Runner.SetRetention(ctx, runstest.Owner, rule); err != nil {
			t.Fatal(err)
		}
		would, err := h.Runner.Expirable(ctx, rule, time.Now())
		if err != nil || would[runs.TargetsExpired].Rows != int64(large) || would[runs.AttemptsExpired].Runs != 1 || would[runs.AnswersExpired].Runs != 2 ||
			would[runs.AnswersExpired].Bytes == 0 {
			t.Errorf("it would remove %+v %v", would, err)
		}
		size := number(t, db, "SELECT count(*) FROM attempts")
		stop, began := meanwhile(t, h), time.Now()
		removed, err := h.Runner.Expire(ctx, time.Now())
		t.Logf("%d targets went in %v", large, time.Since(began).Round(time.Millisecond))
		stop()
		if err != nil || removed[runs.TargetsExpired] != 1 || removed[runs.AnswersExpired] != 1 {
			t.Errorf("removed %v %v", removed, err)
		}
		for _, c := range []struct {
			what  string
			query string
			run   int64
			want  int64
		}{
			{"targets of the oldest", "SELECT count(*) FROM targets WHERE run_id = ?", ancient, 0},
			{"targets of the old one", "SELECT count(*) FROM targets WHERE run_id = ?", old, 1200},
			{"attempts of the old one", "SELECT count(*) FROM attempts WHERE target_id IN (SELECT id FROM targets WHERE run_id = ?)", old, 1200},
			{"answers of the old one", "SELECT count(*) FROM attempts WHERE body IS NOT NULL AND target_id IN (SELECT id FROM targets WHERE run_id = ?)", old, 0},
			{"answers of the young one", "SELECT count(*) FROM attempts WHERE body IS NOT NULL AND target_id IN (SELECT id FROM targets WHERE run_id = ?)", young, 700},
		} {
			if n := number(t, db, c.query, c.run); n != c.want {
				t.Errorf("%s: %d, want %d", c.what, n, c.want)
			}
		}
		if n := number(t, db, "SELECT count(*) FROM attempts"); n != size-int64(large) {
			t.Errorf("%d attempts are left of %d", n, size)
		}
		for run, counts := range before {
			s, err := h.Runner.Snapshot(ctx, runstest.Viewer, run)
			if err != nil || s.Counts != counts || len(s.Groups) != 2 {
				t.Errorf("run %d now counts %+v, before %+v: %v", run, s.Counts, counts, err)
			}
		}
		listed, _, err := h.Runner.Runs(ctx, runstest.Viewer, runs.Filter{})
		if err != nil || len(listed) != 3 || listed[2].Counts != before[ancient] {
			t.Errorf("listed %+v %v", listed, err)
		}
		if removed, err := h.Runner.Expire(ctx, time.Now()); err != nil || len(removed) > 0 {
			t.Errorf("a second time: %v %v", removed, err)
		}
		entries, _, err := h.Log.Entries(ctx, access.System(), audit.Filter{Action: access.RunExpire})
		if err != nil || len(entries) != 1 {
			t.Errorf("recorded %v %v", entries, err)
		}
		if err := h.Runner.Answers(ctx, runstest.Viewer, old, func(endpoint.Answer) error { t.Error("an answer is left"); return nil }); err != nil {
			t.Error(err)
		}
		if _, counts, err := h.Runner.Targets(ctx, runstest.Viewer, runs.TargetFilter{Run: old,
			Outcomes: []wordpress.Outcome{wordpress.Failed}}); err != nil || counts != 120 {
			t.Errorf("%d failed targets %v", counts, err)
		}
	})
}

// meanwhile lists the runs and writes a setting, one after the other, until it is stopped. None of it may fail, and the longest time
// that one took is told.
func meanwhile(t *testing.T, h *runstest.Harness) (stop func()) {
	t.Helper()
	ended, began := make(chan struct{}), make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() {
		var longest time.Duration
		for n := 1; ; n++ {
			at := time.Now()
			_, _, err := h.Runner.Runs(context.Background(), runstest.Viewer, runs.Filter{})
			if err == nil {
				err = database.PutSetting(h.DB.Gorm, "meanwhile", strconv.Itoa(n))
			}
			if err != nil {
				t.Errorf("meanwhile: %v", err)
			}
			longest = max(longest, time.Since(at))
			if n == 1 {
				close(began)
			}
			select {
			case <-ended:
				t.Logf("%d times meanwhile the runs were listed and a setting was written, the longest took %v", n, longest.Round(time.Millisecond))
				return
			default:
			}
		}
	})
	<-began
	return func() { close(ended); working.Wait() }
}

// The SQLite file gives back what the removed rows took, while others read and write.
func TestTheFileShrinks(t *testing.T) {
	db := dbtest.SQLite(t)
	h := runstest.New(t, db, []wptest.Site{{}})
	oldRun(t, h, largest(), 400)
	before, err := db.Bytes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Runner.SetRetention(t.Context(), runstest.Owner, runs.Retention{Targets: 30}); err != nil {
		t.Fatal(err)
	}
	stop := meanwhile(t, h)
	defer stop()
	began := time.Now()
	if _, err := h.Runner.Expire(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d targets went in %v", largest(), time.Since(began).Round(time.Millisecond))
	for more := true; more; {
		if more, err = db.Reclaim(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	after, err := db.Bytes(t.Context())
	t.Logf("%d bytes of %d are left after %v", after, before, time.Since(began).Round(time.Millisecond))
	if err != nil || after > before/2 {
		t.Errorf("%d bytes, before %d: %v", after, before, err)
	}
}

func TestRetentionIsForWhoMaySetIt(t *testing.T) {
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}})
	if rule, err := h.Runner.Retention(t.Context()); err != nil || rule != runs.UsualRetention {
		t.Errorf("%+v %v", rule, err)
	}
	if err := h.Runner.SetRetention(t.Context(), runstest.Operator, runs.Retention{Answers: 1}); err == nil {
		t.Error("an operator may set it")
	}
	for _, wrong := range []runs.Retention{{Answers: -1}, {Attempts: 100_000}} {
		if err := h.Runner.SetRetention(t.Context(), runstest.Owner, wrong); err == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
}
