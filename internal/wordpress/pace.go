package wordpress

import (
	"net/http"
	"slices"
	"time"
)

// measured is what an exchange told of the server's state. The zero value tells nothing.
type measured struct {
	unused     bool // the place was given back without a request
	answered   bool
	busy       bool          // it asked for fewer requests, or said that it cannot serve
	retryAfter time.Duration // as it asked for, 0 when it did not
	took       time.Duration
}

func measure(x Exchange, took time.Duration) measured {
	f := measured{answered: x.Status != 0, took: took}
	switch x.Status {
	case http.StatusTooManyRequests:
		f.busy, f.retryAfter = true, retryAfter(x)
	case http.StatusServiceUnavailable: // its Retry-After is most often that of one site in maintenance, not of the server
		f.busy = true
	}
	return f
}

// pace is how fast one server is asked. It slows down when the server says that it is busy, or when its answers take several times
// what they usually take; and it recovers with every answer that shows neither.
type pace struct {
	gap    time.Duration // between the beginnings of two exchanges, 0 while the server keeps up
	next   time.Time     // no exchange begins before
	recent []time.Duration
	usual  time.Duration // the middle of the recent times when the server keeps up
}

// How a pace changes. A busy server's own wish holds for one site at full length (retryAfter); all others on that server wait for no
// longer than longestGap, since the wish often comes from one site's plugin.
const (
	firstGap    = 250 * time.Millisecond
	smallestGap = 50 * time.Millisecond
	longestGap  = 15 * time.Second
	remembered  = 8 // times that the middle is taken of: one slow site among many does not slow a server down
	enough      = 4
)

// atOnce is how many exchanges may be under way: one while the server is spared.
func (p *pace) atOnce(most int) int {
	if p.gap > 0 {
		return 1
	}
	return most
}

func (p *pace) began(now time.Time) {
	if p.gap > 0 {
		p.next = now.Add(p.gap)
	}
}

func (p *pace) observe(f measured, now time.Time) {
	switch {
	case f.unused:
		p.next = now
	case !f.answered:
	case f.busy:
		p.slow(now, max(2*p.gap, firstGap), f.retryAfter)
	case p.rising(f.took):
		p.slow(now, max(p.gap, min(f.took/2, 2*time.Second), firstGap), 0)
	default:
		if p.gap = p.gap * 7 / 10; p.gap < smallestGap {
			p.gap = 0
		}
	}
}

func (p *pace) slow(now time.Time, gap, wish time.Duration) {
	p.gap = min(gap, longestGap)
	if next := now.Add(min(max(p.gap, wish), longestGap)); next.After(p.next) {
		p.next = next
	}
}

// rising tells whether answers take much longer than they did: three times the usual and a third of a second more.
func (p *pace) rising(took time.Duration) bool {
	if len(p.recent) == remembered {
		p.recent = slices.Delete(p.recent, 0, 1)
	}
	p.recent = append(p.recent, took)
	if len(p.recent) < enough {
		return false
	}
	sorted := slices.Clone(p.recent)
	slices.Sort(sorted)
	middle := sorted[len(sorted)/2]
	if p.usual == 0 || middle < p.usual {
		p.usual = middle
	} else {
		p.usual += (middle - p.usual) / 64 // what stays is the new usual
	}
	return middle > 3*p.usual+300*time.Millisecond
}
