package sites

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/validation"
)

// Upkeep is what the team wants to know of its sites without asking.
type Upkeep struct {
	CheckHours     int `json:"check_hours"`     // how often each site is checked, in hours; 0: only when somebody asks
	CredentialDays int `json:"credential_days"` // after how many days a credential counts as old; 0: never
}

// usualUpkeep holds until somebody sets another.
var usualUpkeep = Upkeep{CheckHours: 24, CredentialDays: 90}

const (
	upkeepSetting  = "upkeep"
	mostUpkeepDays = 3650
	mostCheckHours = 24 * 31
)

// Check says what is wrong with the values.
func (u Upkeep) Check() error {
	p := validation.Problems{}
	if u.CheckHours < 0 || u.CheckHours > mostCheckHours {
		p["check_hours"] = fmt.Sprintf("Enter a number of hours from 1 to %d, or 0 for never.", mostCheckHours)
	}
	if u.CredentialDays < 0 || u.CredentialDays > mostUpkeepDays {
		p["credential_days"] = fmt.Sprintf("Enter a number of days from 1 to %d, or 0 for never.", mostUpkeepDays)
	}
	return p.OrNil()
}

// every is the time between two checks of a site, 0 for none.
func (u Upkeep) every() time.Duration { return time.Duration(u.CheckHours) * time.Hour }

// Old tells whether a credential that was stored at the time should be replaced by now.
func (u Upkeep) Old(stored, now time.Time) bool {
	return u.CredentialDays > 0 && !stored.IsZero() && stored.Before(now.AddDate(0, 0, -u.CredentialDays))
}

// Upkeep returns the rule in force.
func (r *Registry) Upkeep(ctx context.Context) (Upkeep, error) {
	return upkeepIn(r.store.db.WithContext(ctx))
}

func parseUpkeep(text string) (Upkeep, error) {
	u := usualUpkeep
	if text == "" {
		return u, nil
	}
	if err := json.Unmarshal([]byte(text), &u); err != nil {
		return u, fmt.Errorf("sites: upkeep: %w", err)
	}
	return u, nil
}

// SetUpkeep sets the rule.
func (r *Registry) SetUpkeep(ctx context.Context, actor access.Actor, u Upkeep) error {
	if err := r.log.Authorize(ctx, actor, access.SiteUpkeep, ""); err != nil {
		return err
	}
	if err := u.Check(); err != nil {
		return err
	}
	before, err := r.Upkeep(ctx)
	if err != nil || before == u {
		return err
	}
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	err = r.store.change(ctx, actor, func(w write) error {
		event := audit.Event{Action: access.SiteUpkeep, Detail: map[string]any{"upkeep": map[string]any{"before": before, "after": u}}}
		if err := w.log.Record(w.tx, w.actor, event); err != nil {
			return err
		}
		if before.CheckHours != u.CheckHours {
			if err := w.replan(); err != nil {
				return err
			}
		}
		return w.putSetting(upkeepSetting, string(text))
	})
	if err != nil {
		return fmt.Errorf("sites: upkeep: %w", err)
	}
	return nil
}
