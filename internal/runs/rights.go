package runs

import (
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
