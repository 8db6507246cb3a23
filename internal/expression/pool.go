package expression

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Limits bound what all expressions of a process may take. What is zero has a default.
type Limits struct {
	AtOnce   int           // tables under way
	OfMember int           // of them, one member's
	Wait     time.Duration // for a place among them
	Answer   time.Duration // for one answer
	Table    time.Duration // for all answers of a table
	Memory   int           // of a child, in bytes
	Kept     int           // of the rows of a table, in bytes
	Restarts int           // of a child that was ended
}

func (l Limits) withDefaults() Limits {
	orElse(&l.AtOnce, 4)
	orElse(&l.OfMember, 2)
	orElse(&l.Wait, 10*time.Second)
	orElse(&l.Answer, 5*time.Second)
	orElse(&l.Table, 20*time.Second)
	orElse(&l.Memory, 256<<20)
	orElse(&l.Kept, 16<<20)
	orElse(&l.Restarts, 3)
	return l
}

func orElse[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// ErrBusy says that no place became free in time.
var ErrBusy = errors.New("expression: too many tables are being made")

// Pool lets a few tables be made at once, and fewer for one member.
type Pool struct {
	limits Limits
	places chan struct{}

	guard   sync.Mutex
	members map[string]*memberPlaces
}

// memberPlaces is a member's part of the pool.
type memberPlaces struct {
	places chan struct{}
	users  int // that hold or wait
}

// NewPool returns a pool with these limits.
func NewPool(l Limits) *Pool {
	l = l.withDefaults()
	return &Pool{limits: l, places: make(chan struct{}, l.AtOnce), members: map[string]*memberPlaces{}}
}

// Place is the right to make a table, or several one after the other, for a member.
type Place struct {
	pool  *Pool
	leave func()
	left  int // bytes that rows may still take
}

// Enter waits for a place, which Leave gives back. It returns ErrBusy when none became free in time.
func (p *Pool) Enter(ctx context.Context, member string) (*Place, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.limits.Wait, ErrBusy)
	defer cancel()
	own := p.acquireMember(member)
	if err := take(ctx, own.places); err != nil {
		p.release(member, own)
		return nil, err
	}
	if err := take(ctx, p.places); err != nil {
		<-own.places
		p.release(member, own)
		return nil, err
	}
	leave := sync.OnceFunc(func() {
		<-p.places
		<-own.places
		p.release(member, own)
	})
	return &Place{pool: p, leave: leave, left: p.limits.Kept}, nil
}

// Leave gives the place back.
func (p *Place) Leave() { p.leave() }

func take(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Pool) acquireMember(member string) *memberPlaces {
	p.guard.Lock()
	defer p.guard.Unlock()
	own := p.members[member]
	if own == nil {
		own = &memberPlaces{places: make(chan struct{}, p.limits.OfMember)}
		p.members[member] = own
	}
	own.users++
	return own
}

func (p *Pool) release(member string, own *memberPlaces) {
	p.guard.Lock()
	defer p.guard.Unlock()
	if own.users--; own.users == 0 {
		delete(p.members, member)
	}
}
