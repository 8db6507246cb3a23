package runs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
)

// policySetting is the name that the policy is stored under.
const policySetting = "approval"

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

// Policy returns the policy in force.
func (r *Runner) Policy(ctx context.Context) (Policy, error) {
	text, err := r.store.setting(ctx, policySetting)
	if err != nil {
		return Policy{}, err
	}
	return readPolicy(text)
}

// readPolicy reads a policy as it is stored; nothing stored is the zero Policy.
func readPolicy(text string) (p Policy, err error) {
	if text == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return Policy{}, fmt.Errorf("runs: policy: %w", err)
	}
	return p, nil
}

// SetPolicy replaces the policy. Only owners may: an admin who could would need no second person. Runs that wait already go on waiting.
func (r *Runner) SetPolicy(ctx context.Context, actor access.Actor, p Policy) error {
	if err := r.log.Authorize(ctx, actor, access.RunPolicy, ""); err != nil {
		return err
	}
	if slices.ContainsFunc(p.Effects, func(e operation.Effect) bool { return e != operation.Change && e != operation.Destroy }) {
		return validation.Problems{"effects": "Choose runs that make changes, destructive runs, or both."}
	}
	before, err := r.Policy(ctx)
	if err != nil {
		return err
	}
	if err := r.store.changeSetting(ctx, actor, access.RunPolicy, policySetting, before, p); err != nil {
		return fmt.Errorf("runs: policy: %w", err)
	}
	return nil
}
