package runs

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/wordpress"
)

// The runs of which a part is due to be removed.
const expiredRuns = "FROM runs WHERE ended_at > 0 AND ended_at < ? AND expired < ?"

// What a part of the due runs has. Bytes are those of answers; of the others only the number is known without reading them all.
var expirableRows = map[Expired]string{
	AnswersExpired: `SELECT count(*) AS n, coalesce(sum(length(attempts.body)), 0) AS bytes FROM attempts JOIN targets ON targets.id = attempts.target_id
		WHERE attempts.body IS NOT NULL AND targets.run_id IN (SELECT id ` + expiredRuns + `)`,
	AttemptsExpired: `SELECT count(*) AS n, coalesce(sum(length(attempts.body)), 0) AS bytes FROM attempts JOIN targets ON targets.id = attempts.target_id
		WHERE targets.run_id IN (SELECT id ` + expiredRuns + `)`,
	TargetsExpired: `SELECT count(*) AS n, 0 AS bytes FROM targets WHERE run_id IN (SELECT id ` + expiredRuns + `)`,
}

func (s *Store) expirable(ctx context.Context, part Expired, before time.Time) (e Expirable, err error) {
	db := s.db.Gorm.WithContext(ctx)
	if err := db.Raw("SELECT count(*) "+expiredRuns, micros(before), part).Scan(&e.Runs).Error; err != nil || e.Runs == 0 {
		return e, err
	}
	var found struct{ N, Bytes int64 }
	err = db.Raw(expirableRows[part], micros(before), part).Scan(&found).Error
	e.Rows, e.Bytes = found.N, found.Bytes
	return e, err
}

// nextExpired returns the oldest run of which the part is due to be removed.
func (s *Store) nextExpired(ctx context.Context, part Expired, before time.Time) (id int64, found bool, err error) {
	err = s.db.Gorm.WithContext(ctx).Raw("SELECT id "+expiredRuns+" ORDER BY ended_at LIMIT 1", micros(before), part).Scan(&id).Error
	return id, id != 0, err
}

// expiredAtOnce is how many targets one transaction goes through.
const expiredAtOnce = 500

// targetsBetween is some of a run's targets. The sum keeps databases from the index on the run, which would be read to its end each time: the
// targets of a run stand together.
const targetsBetween = "(SELECT id FROM targets WHERE id BETWEEN ? AND ? AND run_id + 0 = ?)"

// expire removes the part of a run, some targets at a time. A run that a crash left half removed is gone through once more.
func (s *Store) expire(ctx context.Context, run int64, part Expired) error {
	var ids struct{ First, Last int64 }
	db := s.db.Gorm.WithContext(ctx)
	if err := db.Raw("SELECT coalesce(min(id), 1) AS first, coalesce(max(id), 0) AS last FROM targets WHERE run_id = ?", run).Scan(&ids).Error; err != nil {
		return err
	}
	if part == TargetsExpired {
		if err := s.keepCounts(ctx, run); err != nil {
			return err
		}
	}
	for first := ids.First; first <= ids.Last; first += expiredAtOnce {
		if err := expireSome(db, run, part, first); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(expirePause):
		}
	}
	return db.Transaction(func(tx *gorm.DB) error {
		if part == TargetsExpired {
			if err := tx.Exec("DELETE FROM batches WHERE run_id = ?", run).Error; err != nil {
				return err
			}
		}
		return tx.Exec("UPDATE runs SET expired = ? WHERE id = ?", part, run).Error
	})
}

func expireSome(db *gorm.DB, run int64, part Expired, first int64) error {
	between := []any{first, first + expiredAtOnce - 1, run}
	return db.Transaction(func(tx *gorm.DB) error {
		if part == AnswersExpired {
			return tx.Exec("UPDATE attempts SET body = NULL, header = '' WHERE target_id IN "+targetsBetween, between...).Error
		}
		if err := tx.Exec("DELETE FROM attempts WHERE target_id IN "+targetsBetween, between...).Error; err != nil || part != TargetsExpired {
			return err
		}
		return tx.Exec("DELETE FROM targets WHERE id IN "+targetsBetween, between...).Error
	})
}

// keptCount is how many sites of a run ended the same way.
type keptCount struct {
	State   TargetState       `json:"state"`
	Outcome wordpress.Outcome `json:"outcome"`
	Reason  wordpress.Reason  `json:"reason"`
	N       int               `json:"n"`
}

// keepCounts writes into the run what its targets tell, once, before the first of them goes.
func (s *Store) keepCounts(ctx context.Context, run int64) error {
	var counts []keptCount
	db := s.db.Gorm.WithContext(ctx)
	err := db.Raw("SELECT state, outcome, reason, count(*) AS n FROM targets WHERE run_id = ? GROUP BY state, outcome, reason", run).Scan(&counts).Error
	if err != nil {
		return err
	}
	text, err := json.Marshal(counts)
	if err != nil {
		return err
	}
	return db.Exec("UPDATE runs SET kept_counts = ? WHERE id = ? AND kept_counts = ''", string(text), run).Error
}

// keptCounts are the counts of runs whose targets were removed, by run. Whoever may see some sites only sees none of them any more.
func keptCounts(db *gorm.DB, scope access.Scope, runs []int64) (map[int64][]keptCount, error) {
	if !scope.EverySite() || len(runs) == 0 {
		return nil, nil
	}
	var rows []struct {
		ID         int64
		KeptCounts string
	}
	if err := db.Raw("SELECT id, kept_counts FROM runs WHERE id IN ? AND kept_counts <> ''", runs).Scan(&rows).Error; err != nil {
		return nil, err
	}
	all := map[int64][]keptCount{}
	for _, row := range rows {
		var counts []keptCount
		if err := json.Unmarshal([]byte(row.KeptCounts), &counts); err != nil {
			return nil, err
		}
		all[row.ID] = counts
	}
	return all, nil
}
