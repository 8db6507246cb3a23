package runs

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/wordpress"
)

// Tries of one target: how many in the same way, and for how long at most.
const (
	mostTries   = 3
	targetLimit = 3 * time.Minute
)

// trying is one target's tries under way.
type trying struct {
	batch   *batch
	target  *Target
	client  *wordpress.Client
	request wordpress.Request
	ways    []string  // how the verb can be sent, the present one first
	first   time.Time // when the first exchange began: the wait for a place before it is not the site's
}

// tries sends the request until its outcome is final, and tells whether it is.
func (b *batch) tries(ctx context.Context, t *Target, client *wordpress.Client, request wordpress.Request) (wordpress.Verdict, bool) {
	usual := b.sites[t.SiteID].Override
	try := trying{batch: b, target: t, client: client, request: request, ways: ways(usual, request)}
	for n := t.Attempts + 1; ; n++ {
		x, known := try.once(ctx)
		if !known {
			return wordpress.Verdict{}, false
		}
		verdict := wordpress.Classify(x)
		t.Attempts = n
		b.writer.attempt(t.ID, b.plan.attempt(n, x, verdict))
		if try.otherWay(verdict, n, usual) {
			continue
		}
		if !b.again(ctx, verdict, n, try.first) {
			t.Took = time.Since(try.first)
			b.learn(ctx, t, try.ways[0], verdict)
			if b.plan.pages && verdict.Outcome == wordpress.OK {
				return try.follow(ctx, x, verdict)
			}
			return verdict, true
		}
	}
}

// once does one exchange. What it gave is not known when Drover itself stopped it; a cancelled target is ended in the database.
func (y *trying) once(ctx context.Context) (wordpress.Exchange, bool) {
	x := y.client.Do(ctx, y.request)
	if ctx.Err() != nil || errors.Is(x.Fault, errDrained) || errors.Is(x.Fault, errLeaseLost) || errors.Is(x.Fault, errCancelled) {
		y.target.State = map[bool]TargetState{true: TargetDone, false: y.target.State}[errors.Is(x.Fault, errCancelled)]
		return x, false
	}
	if y.first.IsZero() {
		y.first = x.Started
	}
	if x.Sent && y.target.StartedAt.IsZero() {
		y.target.StartedAt = x.Started
	}
	return x, true
}

// ways are how the request's verb can be sent, the site's usual one first. A header that is taken off on its way turns a disguised
// DELETE into a POST, which WordPress's own endpoints answer with a success that deleted nothing; so there _method goes first.
func ways(usual string, request wordpress.Request) []string {
	all := []string{usual}
	others := []string{wordpress.OverrideNone, wordpress.OverrideHeader, wordpress.OverrideQuery}
	if request.Method == "DELETE" && !strings.HasPrefix(request.Path, bigscoots) {
		others = []string{wordpress.OverrideNone, wordpress.OverrideQuery}
	}
	for _, way := range others {
		if way != usual {
			all = append(all, way)
		}
	}
	return all
}

// otherWay changes how the verb is sent when it may be what was blocked, and tells whether it did. A cut connection has many causes:
// it counts when it happens twice, and only where sending twice does no harm.
func (y *trying) otherWay(v wordpress.Verdict, n int, usual string) bool {
	cut := v.Reason == wordpress.ReasonCutOff
	switch {
	case !v.Verb, len(y.ways) < 2, cut && (n < 2 || !y.batch.plan.idempotent), time.Since(y.first) > targetLimit:
		return false
	case v.Reason != wordpress.ReasonBlocked && !cut && y.ways[0] == usual:
		return false // this way is known to work: the answer is WordPress's own
	}
	y.ways = y.ways[1:]
	y.client = y.client.WithOverride(y.ways[0])
	return true
}

// learn remembers the way that reached WordPress, when it is not the site's usual one.
func (b *batch) learn(ctx context.Context, t *Target, way string, v wordpress.Verdict) {
	s := b.sites[t.SiteID]
	if way == s.Override || v.Verb || v.Code == "" && v.Outcome != wordpress.OK && v.Outcome != wordpress.Partial {
		return
	}
	if err := b.runner.registry.LearnOverride(ctx, access.System(), s, way); err != nil && ctx.Err() == nil {
		b.runner.logger.ErrorContext(ctx, "a site's method override could not be stored", "err", err, "site", s.ID)
	}
}

// again waits for the time of another try and tells whether there is one.
func (b *batch) again(ctx context.Context, v wordpress.Verdict, n int, first time.Time) bool {
	if !v.Retry || !b.plan.idempotent || n >= mostTries {
		return false
	}
	pause := v.RetryAfter
	if pause == 0 {
		base := 300 * time.Millisecond << n
		pause = base/2 + rand.N(base) // #nosec G404 -- anybody may guess a pause
	}
	if time.Since(first)+pause > targetLimit {
		return false
	}
	return b.pause(ctx, pause)
}

// pause waits, and tells whether nothing came in between.
func (b *batch) pause(ctx context.Context, long time.Duration) bool {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-b.lease.cancelled:
	case <-b.runner.drain:
	}
	return false
}
