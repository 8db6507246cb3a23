package wordpress

import "time"

// attendFor bounds how long one request of a person keeps exchanges from beginning.
const attendFor = 100 * time.Millisecond

// attention lets no exchange of a run begin while a person waits for a page: those that were begun end soon, and the page has the processors.
// After that, exchanges begin for at least as long, so that nobody can stop a run by opening pages.
type attention struct {
	people             int
	since, until, next time.Time
}

func (a *attention) begin(now time.Time) {
	a.people++
	if !now.Before(a.next) {
		a.since, a.until, a.next = now, now.Add(attendFor), now.Add(2*attendFor)
	}
}

func (a *attention) end(now time.Time) {
	a.people--
	if a.people == 0 && now.Before(a.until) {
		a.until, a.next = now, now.Add(now.Sub(a.since))
	}
}

// given tells whether somebody waits to whom exchanges give way.
func (a *attention) given(now time.Time) bool { return a.people > 0 && now.Before(a.until) }

// Attend lets the exchanges of runs give way to a person who waits, until done is called.
func (n *Network) Attend() (done func()) {
	l := n.limits
	l.guard.Lock()
	defer l.guard.Unlock()
	l.attention.begin(time.Now())
	return func() {
		l.guard.Lock()
		defer l.guard.Unlock()
		l.attention.end(time.Now())
		l.grantTotal()
	}
}
