package runs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
)

// Spec says what to run where.
type Spec struct {
	Operation string            `json:"operation"`
	Params    map[string]string `json:"params,omitempty"` // as typed; the operation checks them
	Selection sites.Selection   `json:"selection"`
	Limits    Limits            `json:"limits,omitzero"`
	Table     endpoint.Query    `json:"table,omitzero"`   // how its answers are shown
	Saved     string            `json:"saved,omitempty"`  // the name of the saved operation that it runs, empty for none
	Form      string            `json:"form,omitempty"`   // the form that the request was made with, as its address's query
	Verify    bool              `json:"verify,omitempty"` // look at pages before and after a purge
	Confirmed int               `json:"-"`                // the number of sites that a person typed to confirm the run
	Person    *Person           `json:"-"`                // who looks at a page while they start it; nil for programs and the command line
	RerunOf   int64             `json:"-"`                // the run that this one reruns, 0 for none
	Wait      time.Duration     `json:"wait,omitempty"`   // before anything is sent, once the run may begin; Start sets it
	Sealed    []byte            `json:"sealed,omitempty"` // the params with their secrets, until the run has ended; never shown
}

// Limits make a run gentler than the server's own limits, or end it in time. A zero field sets no limit.
type Limits struct {
	AtOnce          int           `json:"at_once,omitempty"`     // sites under way at once
	AtOncePerServer int           `json:"per_address,omitempty"` // requests under way at once to one server
	TimeLimit       time.Duration `json:"deadline,omitempty"`    // after the start; nothing is sent later
}

// Bounds of a run's own limits.
const (
	MostAtOnce     = 1024
	MostPerAddress = 16
	LongestRun     = 24 * time.Hour
)

func (l Limits) check(p validation.Problems) {
	if l.AtOnce < 0 || l.AtOnce > MostAtOnce {
		p["at_once"] = fmt.Sprintf("Enter a number from 1 to %d, or leave it empty.", MostAtOnce)
	}
	if l.AtOncePerServer < 0 || l.AtOncePerServer > MostPerAddress {
		p["at_once_per_server"] = fmt.Sprintf("Enter a number from 1 to %d, or leave it empty.", MostPerAddress)
	}
	if l.TimeLimit < 0 || l.TimeLimit > LongestRun || l.TimeLimit > 0 && l.TimeLimit < time.Second {
		p["time_limit"] = "Enter a time from 1 s to 24 h, such as 10m, or leave it empty."
	}
}

// Plan checks the spec's operation, parameters and limits. What is wrong stands in the Problems, by field.
func Plan(spec Spec) (operation.Plan, error) {
	p := validation.Problems{}
	spec.Limits.check(p)
	made := operation.New(spec.Operation, spec.Params, p)
	return made, p.OrNil()
}

// planNew is Plan for a run that is to be started: what a run before it did not keep must be written again, and a person chooses what a
// program may leave out.
func (r *Runner) planNew(ctx context.Context, spec Spec) (operation.Plan, error) {
	p := validation.Problems{}
	notKept(spec.Params, p)
	if len(p) > 0 {
		return operation.Plan{}, p
	}
	made, err := r.plan(ctx, spec)
	if err == nil && spec.Person != nil && spec.RerunOf == 0 {
		err = made.Unchosen.OrNil()
	}
	return made, err
}

// plan is Plan with what sites say of the abilities that the request runs: that may raise its effect, and never lowers it.
func (r *Runner) plan(ctx context.Context, spec Spec) (operation.Plan, error) {
	made, err := Plan(spec)
	if err != nil {
		return made, err
	}
	effect, err := r.registry.AbilityEffect(ctx, made.Abilities)
	made.Effect = operation.Most(made.Effect, operation.Effect(effect))
	return made, err
}

// EffectOf is the most that the spec may do, whatever a person says of it. It is empty where the spec cannot be run.
func (r *Runner) EffectOf(ctx context.Context, spec Spec) (operation.Effect, error) {
	made, err := r.plan(ctx, spec)
	if _, wrong := errors.AsType[validation.Problems](err); wrong {
		return "", nil
	}
	return made.Effect, err
}

// notKept says, beside the fields, what a repeat of a run lacks.
func notKept(params map[string]string, p validation.Problems) {
	for name, value := range params {
		if strings.Contains(value, endpoint.Removed) {
			p[name] = "The secrets at " + endpoint.Removed + " were sent but not stored. Enter them again."
		}
	}
}
