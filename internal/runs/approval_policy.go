package runs

import (
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/sites"
)

// Policy says which runs a second person must approve before anything is sent. The zero Policy says none. Whoever works on the command
// line of the server itself is held to none: they hold the key.
type Policy struct {
	Effects []operation.Effect `json:"effects,omitempty"` // runs of these effects
	Clients []string           `json:"clients,omitempty"` // runs that do more than read on a site of these clients
}

// IsZero tells whether the policy wants no second person for anything.
func (p Policy) IsZero() bool { return len(p.Effects) == 0 && len(p.Clients) == 0 }

// Protects tells whether some runs on sites of the client need a second person: then changes of such a site need one too.
func (p Policy) Protects(client string) bool {
	return len(p.Effects) > 0 || access.HasClient(p.Clients, client)
}

// Covers tells whether everything that other wants a second person for, this policy does too.
func (p Policy) Covers(other Policy) bool {
	return !slices.ContainsFunc(other.Effects, func(e operation.Effect) bool { return !slices.Contains(p.Effects, e) }) &&
		!slices.ContainsFunc(other.Clients, func(c string) bool { return !access.HasClient(p.Clients, c) })
}

// appliesTo tells whether the actor's run of the effect on the sites needs a second person.
func (p Policy) appliesTo(actor access.Actor, effect operation.Effect, chosen []sites.Site) bool {
	if actor.Kind != access.KindMember && actor.Kind != access.KindToken {
		return false
	}
	return slices.Contains(p.Effects, effect) || effect != operation.Read &&
		slices.ContainsFunc(chosen, func(s sites.Site) bool { return access.HasClient(p.Clients, s.Client) })
}

// MayStart tells whether the actor may start runs of the effect, or at least ask for them.
func (p Policy) MayStart(actor access.Actor, effect operation.Effect) bool {
	return actor.May(p.right(actor, effect))
}

// right is what starting a run of the effect needs: where a second person will decide, asking is enough.
func (p Policy) right(actor access.Actor, effect operation.Effect) access.Action {
	if slices.Contains(p.Effects, effect) && !actor.May(Right(effect)) {
		return access.RunRequestApproval
	}
	return Right(effect)
}
