package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/wordpress"
)

// Attempts of one target: how many in the same way, and for how long at most.
const (
	maxAttempts = 3
	targetLimit = 3 * time.Minute
)

// sending is one target's attempts under way.
type sending struct {
	batch   *batch
	target  *runs.Target
	client  *wordpress.Client
	request wordpress.Request
	ways    []string  // how the verb can be sent, the present one first
	cached  string    // that a cache answered first
	first   time.Time // when the first exchange began: the wait for a place before it is not the site's
}

// sendWithRetries sends the request until its outcome is final. When Drover itself stopped it before anything is known, it says why.
func (b *batch) sendWithRetries(ctx context.Context, t *runs.Target, client *wordpress.Client, request wordpress.Request) (verdict wordpress.Verdict,
	stopped error) {
	_, verdict, stopped = b.newSending(t, client, request).untilFinal(ctx, t.Attempts)
	return verdict, stopped
}

func (b *batch) newSending(t *runs.Target, client *wordpress.Client, request wordpress.Request) *sending {
	return &sending{batch: b, target: t, client: client, request: request, ways: ways(b.sites[t.SiteID].Override, request)}
}

// untilFinal is sendWithRetries for a request of which so many attempts were made before. It returns the last exchange too.
func (send *sending) untilFinal(ctx context.Context, before int) (x wordpress.Exchange, verdict wordpress.Verdict, stopped error) {
	b, t := send.batch, send.target
	usual := b.sites[t.SiteID].Override
	for n := before + 1; ; n++ {
		last, stopped := send.once(ctx)
		if stopped != nil {
			return x, verdict, send.unlessKnown(stopped, verdict)
		}
		x = last
		verdict = wordpress.Classify(x)
		cached := send.pastCache(x)
		verdict = send.stored(x, verdict, cached)
		if cached || send.otherWay(x, verdict, n, usual) {
			continue
		}
		verdict = send.marked(x, verdict)
		if !b.retry(ctx, verdict, n, send.first) {
			t.Took = time.Since(send.first)
			b.storeDisguise(ctx, t, send.ways[0], verdict)
			b.observe(*t, x, verdict)
			if b.plan.AllPages && verdict.Outcome == wordpress.OK {
				verdict, stopped = send.follow(ctx, x, verdict)
			}
			return x, verdict, stopped
		}
	}
}

// unlessKnown is why the target was stopped, or nil where an attempt before was answered: that is its outcome then.
func (y *sending) unlessKnown(stopped error, last wordpress.Verdict) error {
	if last.Outcome != "" && (errors.Is(stopped, errDrained) || errors.Is(stopped, errCancelled)) {
		return nil
	}
	return stopped
}

// once does one exchange. What it gave is not known when Drover itself stopped it.
func (y *sending) once(ctx context.Context) (x wordpress.Exchange, stopped error) {
	for {
		x = y.client.Do(ctx, y.request)
		if cause := context.Cause(ctx); cause != nil {
			return x, cause
		}
		if x.Sent || !errors.Is(x.Fault, errHostLeaseLost) {
			break // a request that lost its host lease while it waited was not sent, so it waits again
		}
	}
	if errors.Is(x.Fault, errDrained) || errors.Is(x.Fault, runs.ErrLeaseLost) || errors.Is(x.Fault, errCancelled) || errors.Is(x.Fault, errNotStored) {
		return x, x.Fault
	}
	if y.first.IsZero() {
		y.first = x.Started
	}
	if x.Sent && y.target.StartedAt.IsZero() {
		y.target.StartedAt = x.Started
	}
	return x, nil
}

// ways are how the request's verb can be sent, the site's usual one first. A header that is taken off on its way turns a disguised
// DELETE into a POST, which WordPress's own endpoints answer with a success that deleted nothing; so there _method goes first.
func ways(usual string, request wordpress.Request) []string {
	all := []string{usual}
	others := []string{wordpress.OverrideNone, wordpress.OverrideHeader, wordpress.OverrideQuery}
	if p, _ := cacheplugin.OfURL(request.Path); request.Method == "DELETE" && !p.EveryMethod {
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
// it counts when it happens twice. An answer of WordPress's own may be about another verb than the one that was sent, unless the way is
// one that was found to work. All but a refusal of the server's own count only where sending twice does no harm.
func (y *sending) otherWay(x wordpress.Exchange, v wordpress.Verdict, n int, usual string) bool {
	cut, harmless := v.Reason == wordpress.ReasonCutOff, y.batch.plan.Idempotent
	switch {
	case !v.Verb, len(y.ways) < 2, cut && n < 2, time.Since(y.first) > targetLimit:
		return false
	case !harmless && (v.Reason != wordpress.ReasonBlocked || v.Status != x.Status): // what says so with another status may come from PHP
		return false
	case v.Reason != wordpress.ReasonBlocked && !cut && y.ways[0] == usual && usual != wordpress.OverrideNone:
		return false
	}
	y.ways = y.ways[1:]
	if v.Reason == wordpress.ReasonNoRoute || v.Reason == wordpress.ReasonProtected { // most often no verb is to blame: the surest way alone is worth a request
		y.ways = y.ways[len(y.ways)-1:]
	}
	y.client = y.client.WithOverride(y.ways[0])
	return true
}

// storeDisguise remembers the way that reached WordPress, when it is not the site's usual one.
func (b *batch) storeDisguise(ctx context.Context, t *runs.Target, way string, v wordpress.Verdict) {
	s := b.sites[t.SiteID]
	if way == s.Override || v.Verb || v.Code == "" && v.Outcome != wordpress.OK && v.Outcome != wordpress.Partial {
		return
	}
	if err := b.engine.registry.StoreOverride(ctx, access.System(), s, way); err != nil && ctx.Err() == nil {
		b.engine.logger.ErrorContext(ctx, "a site's method override could not be stored", "err", err, "site", s.ID)
	}
}

// retry waits for the time of another attempt and tells whether there is one.
func (b *batch) retry(ctx context.Context, v wordpress.Verdict, n int, first time.Time) bool {
	if !v.Retry || !b.plan.Idempotent || n >= maxAttempts {
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
	case <-b.engine.drain:
	}
	return false
}
