package sites

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/droverhq/drover/internal/wordpress"
)

// userTurns let one rotation at a time change the passwords of a user. The sites of a network share their users, and mostly a domain.
type userTurns struct {
	guard sync.Mutex
	taken map[string]chan struct{} // closed when the turn ends
}

// take waits for the turn, and returns what ends it, and whether it had to wait.
func (t *userTurns) take(ctx context.Context, user string) (end func(), waited bool, err error) {
	for {
		mine, busy := t.try(user)
		if busy == nil {
			return func() { t.end(user, mine) }, waited, nil
		}
		waited = true
		select {
		case <-ctx.Done():
			return nil, waited, ctx.Err()
		case <-busy:
		}
	}
}

func (t *userTurns) try(user string) (mine, busy chan struct{}) {
	t.guard.Lock()
	defer t.guard.Unlock()
	if busy := t.taken[user]; busy != nil {
		return nil, busy
	}
	if t.taken == nil {
		t.taken = map[string]chan struct{}{}
	}
	mine = make(chan struct{})
	t.taken[user] = mine
	return mine, nil
}

func (t *userTurns) end(user string, mine chan struct{}) {
	t.guard.Lock()
	defer t.guard.Unlock()
	delete(t.taken, user)
	close(mine)
}

// takeTurn waits until no other rotation of this process changes passwords of the user. The turn ends with endTurn. Where it had to wait, ready is false:
// what was read before is old, so the step begins again, unless another process has taken the rotation over.
func (o *rotating) takeTurn(ctx context.Context) (ready, over bool, err error) {
	if o.turn != nil {
		return true, false, nil
	}
	end, waited, err := o.passwords.take(ctx, wordpress.RegistrableDomain(o.site.Home)+" "+strings.ToLower(o.site.Credential.Username))
	if o.turn = end; err == nil && waited {
		err = o.store.renewRotation(ctx, o.row, time.Now().Add(rotationLease))
	}
	if ctx.Err() != nil {
		over, err = o.later(ctx, wordpress.Verdict{})
		return false, over, err
	}
	return !waited, err != nil, err
}

func (o *rotating) endTurn() {
	if o.turn != nil {
		o.turn()
	}
}
