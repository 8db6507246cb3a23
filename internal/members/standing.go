package members

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/droverhq/drover/internal/access"
)

// Standing returns the actor of work that goes on after its request, as they are now: with today's role and scope. It is
// access.ErrForbidden for a member who was removed and for a token that does not work any more. Whoever is no member stays who they are.
func (r *Roster) Standing(ctx context.Context, actor access.Actor) (access.Actor, error) {
	if actor.Kind != access.KindMember && actor.Kind != access.KindToken {
		actor.Role = access.Owner
		return actor, nil
	}
	row, err := r.store.byID(ctx, actor.ID)
	if errors.Is(err, ErrNoMember) || err == nil && row.LeftAt != 0 {
		return actor, fmt.Errorf("%w: the member was removed", access.ErrForbidden)
	}
	if err != nil {
		return actor, err
	}
	now := row.member().Actor(netip.Addr{})
	if actor.Kind == access.KindMember {
		return now, nil
	}
	tokens, err := r.store.tokens(ctx, actor.ID, r.now())
	if err != nil {
		return actor, err
	}
	i := slices.IndexFunc(tokens, func(t Token) bool { return t.ID == actor.Token })
	if i < 0 {
		return actor, fmt.Errorf("%w: the token does not work any more", access.ErrForbidden)
	}
	now.Kind, now.Token, now.Name, now.Scope = access.KindToken, actor.Token, actor.Name, access.NewScope(restrictionOf(row.Restriction), tokens[i].Restriction)
	if !tokens[i].Role.Covers(now.Role) {
		now.Role = tokens[i].Role
	}
	return now, nil
}
