package runs

import (
	"context"
	"errors"

	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/validation"
)

// Plan checks the spec's operation, parameters and limits. What is wrong stands in the Problems, by field.
func Plan(spec Spec) (operation.Plan, error) {
	p := validation.Problems{}
	made := operation.New(spec.Operation, spec.Params, p)
	spec.Limits.check(p)
	return made, p.OrNil()
}

// titled is what the run is called: by the name of its saved operation, and always by what it sends.
func titled(spec Spec, made operation.Plan) string {
	if spec.Saved == "" {
		return made.Title
	}
	return spec.Saved + ": " + made.Title
}

// planNew is Plan for a run that is to be started: what a run before it did not keep must be written again.
func (r *Runner) planNew(ctx context.Context, spec Spec) (operation.Plan, error) {
	p := validation.Problems{}
	notKept(spec.Params, p)
	if len(p) > 0 {
		return operation.Plan{}, p
	}
	return r.plan(ctx, spec)
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
