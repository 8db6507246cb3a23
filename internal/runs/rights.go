package runs

import (
	"context"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
)

// Right is the action that a person must be allowed to start a run of this effect.
func Right(effect operation.Effect) access.Action {
	if effect == operation.Destroy {
		return access.RunStartDestroy
	}
	return access.RunStart
}

// authorize lets the actor start what was planned, or ask for it under the policy.
func (r *Runner) authorize(ctx context.Context, actor access.Actor, policy Policy, name string, made operation.Plan) error {
	right, why := startRight(actor, policy, name, made)
	if why != "" {
		return r.log.Forbid(ctx, actor, right, "", why)
	}
	return nil
}

// startRight is the right that starting what was planned needs, or asking for it under the policy, and what the actor lacks of it; empty:
// nothing. Who says that a request does less than its method may needs a right of its own.
func startRight(actor access.Actor, policy Policy, name string, made operation.Plan) (right access.Action, why string) {
	if why = actor.Lacks(access.RunLower); made.Lowered() && why != "" {
		return access.RunLower, why
	}
	if !OperationInScope(actor, name, made) {
		return Right(made.Effect), "operation"
	}
	right = policy.right(actor, made.Effect)
	return right, actor.Lacks(right)
}

// MayStart tells whether the actor may start runs of the effect, or at least ask for them.
func (p Policy) MayStart(actor access.Actor, effect operation.Effect) bool {
	return actor.May(p.right(actor, effect))
}

// right is what starting a run of the effect needs: where a second person will decide, asking is enough.
func (p Policy) right(actor access.Actor, effect operation.Effect) access.Action {
	right := Right(effect)
	if slices.Contains(p.Effects, effect) && !actor.May(right) {
		return access.RunRequestApproval
	}
	return right
}

// Within tells whether the operation is within the actor's reach, with some parameters at least. It records nothing: for showing and hiding.
func Within(actor access.Actor, o operation.Operation) bool {
	if o.Name != "request" {
		return actor.Scope.Operation(o.Name, string(o.Effect))
	}
	return slices.ContainsFunc([]operation.Effect{operation.Read, operation.Change, operation.Destroy},
		func(e operation.Effect) bool { return actor.Scope.Operation(o.Name, string(e)) })
}

// OperationInScope tells whether the actor's scope covers the operation that was asked for, and those that a request is in truth.
func OperationInScope(actor access.Actor, name string, made operation.Plan) bool {
	covered := func(name string) bool { return actor.Scope.Operation(name, string(made.Effect)) }
	return covered(name) && !slices.ContainsFunc(made.Operations, func(name string) bool { return !covered(name) })
}

// MayGoOn tells whether the actor might still start the run, or ask for it where a second person approved it.
func MayGoOn(actor access.Actor, run Run, made operation.Plan) bool {
	right := Right(run.Effect)
	if run.ApprovedBy != "" {
		right = access.RunRequestApproval
	}
	return actor.May(right) && (!made.Lowered() || actor.May(access.RunLower)) && OperationInScope(actor, run.Spec.Operation, made)
}
