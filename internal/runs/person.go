package runs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/validation"
)

// ErrNotShown is returned where a person starts another run than the one that they were shown.
var ErrNotShown = errors.New("the run is not the one that was shown")

// Person is somebody who starts a run on a page: it must be the run that they saw, they confirm changes on many sites too, and they get a
// moment to think better of it.
type Person struct {
	Shown string        // Preview.Digest of what they saw; empty for a rerun, whose targets its run's page shows
	Wait  time.Duration // before anything is sent of a run that destroys, or changes many sites
}

// mostConfirmAbove bounds the setting of ConfirmAbove.
const mostConfirmAbove = 1_000_000

// usualConfirmAbove is the setting as long as nobody changed it.
const usualConfirmAbove = 50

// confirmSetting is the name that the setting is stored under.
const confirmSetting = "confirm_above"

// ConfirmAbove is the number of sites above which a person confirms a run that changes something, as they always confirm one that destroys.
func (r *Runner) ConfirmAbove(ctx context.Context) (int, error) {
	text, err := r.store.setting(ctx, confirmSetting)
	if err != nil || text == "" {
		return usualConfirmAbove, err
	}
	return strconv.Atoi(text)
}

// SetConfirmAbove changes the setting for the whole team.
func (r *Runner) SetConfirmAbove(ctx context.Context, actor access.Actor, sitesAbove int) error {
	if err := r.log.Authorize(ctx, actor, access.SettingsChange, ""); err != nil {
		return err
	}
	if sitesAbove < 0 || sitesAbove > mostConfirmAbove {
		return validation.Problems{confirmSetting: "Enter a number from 0 to " + humanize.Comma(mostConfirmAbove) + "."}
	}
	before, err := r.ConfirmAbove(ctx)
	if err != nil {
		return err
	}
	return r.store.changeSetting(ctx, actor, access.SettingsChange, confirmSetting, before, sitesAbove)
}

// grave tells whether a person confirms a run of the effect on so many sites by typing their number.
func grave(effect operation.Effect, total, above int) bool {
	return effect == operation.Destroy || effect == operation.Change && total > above
}

// confirmed checks what a person saw and confirmed, and returns how long the run waits. Whoever is no person confirms what destroys.
func (r *Runner) confirmed(ctx context.Context, spec Spec, p proposal) (wait time.Duration, err error) {
	above := len(p.sites)
	if spec.Person != nil {
		if spec.Person.Shown != p.digest(spec) && (spec.Person.Shown != "" || spec.RerunOf == 0) {
			return 0, ErrNotShown
		}
		if above, err = r.ConfirmAbove(ctx); err != nil {
			return 0, err
		}
	}
	if !grave(p.plan.Effect, len(p.sites), above) {
		return 0, nil
	}
	if spec.Confirmed != len(p.sites) {
		return 0, unconfirmed(p.plan.Effect, len(p.sites))
	}
	if spec.Person == nil {
		return 0, nil
	}
	return spec.Person.Wait, nil
}

func unconfirmed(effect operation.Effect, total int) error {
	why := "This can't be undone automatically."
	if effect != operation.Destroy {
		why = "This makes changes on many sites."
	}
	return validation.Problems{"confirm": fmt.Sprintf("%s Type the number of sites, %d, to confirm.", why, total)}
}

// digest identifies what a run of the spec would do where, as a person is shown it.
func (p proposal) digest(spec Spec) string {
	homes := make(map[int64]string, len(p.sites))
	for _, s := range p.sites {
		homes[s.ID] = s.Home
	}
	text, err := json.Marshal(struct {
		Operation, Title string
		Effect           operation.Effect
		Params           map[string]string
		Verify           bool
		Sites            map[int64]string
	}{spec.Operation, p.plan.Title, p.plan.Effect, p.plan.Given, spec.Verify, homes})
	if err != nil {
		panic(err) // texts and numbers always have a JSON form
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Undo ends a run before anything of it was sent. It returns ErrBegun once its wait is over.
func (r *Runner) Undo(ctx context.Context, actor access.Actor, id int64) error {
	return r.cancelWith(ctx, actor, id, func() error {
		return r.store.undo(ctx, actor, id, "Not sent: the run was undone before anything was sent.")
	})
}

// StartNow ends the wait of a run. Whoever may start it may do so. It returns ErrBegun once the wait is over.
func (r *Runner) StartNow(ctx context.Context, actor access.Actor, id int64) error {
	subject := access.On("run", id)
	if err := r.log.Authorize(ctx, actor, access.RunStartNow, subject); err != nil {
		return err
	}
	run, err := r.Run(ctx, actor, id)
	if err != nil {
		return err
	}
	judged, err := r.EffectOf(ctx, run.Spec)
	if err != nil {
		return err
	}
	why := ""
	switch {
	case run.OutsideScope > 0 || !r.covers(actor, run):
		why = "reach"
	case !actor.May(Right(operation.Most(run.Effect, judged))):
		why = "role"
	}
	if why != "" {
		return r.log.Forbid(ctx, actor, access.RunStartNow, subject, why)
	}
	if err := r.store.startNow(ctx, actor, id); err != nil {
		return fmt.Errorf("runs: start now: %w", err)
	}
	return nil
}
