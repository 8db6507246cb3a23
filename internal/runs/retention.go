package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/validation"
)

// Retention says for how many days after its end what a run leaves is kept, 0 for ever. How many sites ended how is kept for ever.
type Retention struct {
	Answers  int `json:"answers"`  // what the sites answered
	Attempts int `json:"attempts"` // each request, without its answer
	Targets  int `json:"targets"`  // what happened on each site
}

// UsualRetention holds until somebody sets another.
var UsualRetention = Retention{Answers: 90, Attempts: 180}

// longestRetention bounds the days: ten years are for ever.
const longestRetention = 3650

// retentionSetting is its name in the table of settings.
const retentionSetting = "retention"

// Expired is how much of a run was removed because it was old.
type Expired int

// What may be removed, each with what comes before it.
const (
	NothingExpired Expired = iota
	AnswersExpired
	AttemptsExpired
	TargetsExpired
)

// days of the part, 0 for ever. What is kept longer than what it hangs on goes with it.
func (r Retention) days(part Expired) int {
	shortest := 0
	for _, days := range []int{r.Targets, r.Attempts, r.Answers}[:4-part] {
		if days > 0 && (shortest == 0 || days < shortest) {
			shortest = days
		}
	}
	return shortest
}

// Check says what is wrong with the days.
func (r Retention) Check() error {
	p := validation.Problems{}
	for field, days := range map[string]int{"answers": r.Answers, "attempts": r.Attempts, "targets": r.Targets} {
		if days < 0 || days > longestRetention {
			p[field] = fmt.Sprintf("Enter a number of days from 1 to %d, or 0 to keep everything.", longestRetention)
		}
	}
	return p.OrNil()
}

// Retention returns the rule in force.
func (r *Runner) Retention(ctx context.Context) (Retention, error) {
	text, err := r.store.setting(ctx, retentionSetting)
	if err != nil || text == "" {
		return UsualRetention, err
	}
	var rule Retention
	if err := json.Unmarshal([]byte(text), &rule); err != nil {
		return rule, fmt.Errorf("runs: retention: %w", err)
	}
	return rule, nil
}

// SetRetention sets the rule. What is older than it says is removed soon after, a little at a time.
func (r *Runner) SetRetention(ctx context.Context, actor access.Actor, rule Retention) error {
	if err := r.log.Authorize(ctx, actor, access.RetentionChange, ""); err != nil {
		return err
	}
	if err := rule.Check(); err != nil {
		return err
	}
	before, err := r.Retention(ctx)
	if err != nil || before == rule {
		return err
	}
	if err := r.store.changeSetting(ctx, actor, access.RetentionChange, retentionSetting, before, rule); err != nil {
		return fmt.Errorf("runs: retention: %w", err)
	}
	return nil
}

// Expirable is what a rule would remove now.
type Expirable struct {
	Runs  int64 // that have something to remove
	Rows  int64 // answers, attempts or targets
	Bytes int64 // of answers
}

// Expirable counts what the rule would remove now, by part.
func (r *Runner) Expirable(ctx context.Context, rule Retention, now time.Time) (map[Expired]Expirable, error) {
	all := map[Expired]Expirable{}
	for _, part := range []Expired{AnswersExpired, AttemptsExpired, TargetsExpired} {
		if rule.days(part) == 0 {
			continue
		}
		found, err := r.store.expirable(ctx, part, now.AddDate(0, 0, -rule.days(part)))
		if err != nil {
			return nil, fmt.Errorf("runs: retention: %w", err)
		}
		all[part] = found
	}
	return all, nil
}

// expirePause lets others write between two steps.
const expirePause = 10 * time.Millisecond

// Expire removes what the rule in force does not keep, in short transactions, and returns from how many runs it removed what. When it is
// stopped, the next call goes on. What was removed is recorded.
func (r *Runner) Expire(ctx context.Context, now time.Time) (removed map[Expired]int, err error) {
	rule, err := r.Retention(ctx)
	if err != nil {
		return nil, err
	}
	removed = map[Expired]int{}
	for _, part := range []Expired{TargetsExpired, AttemptsExpired, AnswersExpired} {
		for days := rule.days(part); days > 0; {
			id, found, err := r.store.nextExpired(ctx, part, now.AddDate(0, 0, -days))
			if err == nil && found {
				err = r.store.expire(ctx, id, part)
			}
			if err != nil {
				return removed, errors.Join(fmt.Errorf("runs: retention: %w", err), r.recordExpired(context.WithoutCancel(ctx), removed))
			}
			if !found {
				break
			}
			removed[part]++
		}
	}
	return removed, r.recordExpired(ctx, removed)
}

func (r *Runner) recordExpired(ctx context.Context, removed map[Expired]int) error {
	if len(removed) == 0 {
		return nil
	}
	return r.log.RecordAlone(ctx, access.System(), audit.Event{Action: access.RunExpire, Detail: map[string]any{
		"runs_without_answers": removed[AnswersExpired], "runs_without_attempts": removed[AttemptsExpired], "runs_without_sites": removed[TargetsExpired]}})
}
