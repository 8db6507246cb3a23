package members

import (
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// Wait is the error of somebody who guessed wrong too often: nothing was checked, and nothing will be until then.
type Wait struct{ Until time.Time }

// Error says how long, as of the moment of the refusal.
func (w Wait) Error() string {
	return fmt.Sprintf("too many failed attempts from this address: try again after %s", w.Until.UTC().Format(time.TimeOnly+" MST"))
}

// attempt is one try at an account's password from an address.
type attempt struct {
	account string
	addr    netip.Addr
	device  string // the account's own browser, where it is known: it counts for itself alone
	wide    bool   // counts from everywhere together: a short code can be guessed by many machines, and only who has the password can try
}

// keys returns what a try counts against: the account as tried from this address alone, so that a stranger elsewhere locks
// nobody out, and the address, so that one machine cannot go through all accounts.
func (a attempt) keys() []throttleKey {
	if a.device != "" {
		return []throttleKey{{account: a.account, device: a.device}}
	}
	addr := a.addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64 // one customer's share of IPv6 (RFC 6177): the rest of the address is theirs to change
	}
	network, _ := addr.Prefix(bits) // the zero prefix for an unknown address: those share one count
	keys := []throttleKey{{account: a.account, network: network}, {network: network}}
	if a.wide {
		keys = append(keys, throttleKey{account: a.account, wide: true})
	}
	return keys
}

type throttleKey struct {
	account string
	network netip.Prefix
	device  string
	wide    bool
}

func (k throttleKey) free() int {
	switch {
	case k.account == "":
		return 20
	case k.wide:
		return 10
	}
	return 5
}

// failures counts the wrong tries in a row, those under way included.
type failures struct {
	count int
	last  time.Time
}

const (
	firstWait   = 30 * time.Second
	longestWait = 15 * time.Minute
	forgetAfter = time.Hour
	mostCounts  = 50_000 // about 10 MB
)

// throttle slows guessing. It lives in memory: a restart forgives, and nobody outside can bring one about.
type throttle struct {
	guard sync.Mutex
	known map[throttleKey]failures
}

func newThrottle() *throttle { return &throttle{known: map[throttleKey]failures{}} }

// begin counts the try as wrong before it is checked, so that many at once cannot pass together, or returns Wait.
func (t *throttle) begin(a attempt, now time.Time) error {
	t.guard.Lock()
	defer t.guard.Unlock()
	for _, key := range a.keys() {
		if until := t.known[key].until(key.free()); now.Before(until) {
			return Wait{until}
		}
	}
	for _, key := range a.keys() {
		f := t.known[key]
		if now.Sub(f.last) > forgetAfter {
			f.count = 0
		}
		t.makeRoom(now)
		t.known[key] = failures{f.count + 1, now}
	}
	return nil
}

// until is when the next try is heard: at once for the free ones, then 30 s, 1 min, 2 min … 15 min after the last.
func (f failures) until(free int) time.Time {
	if f.count < free {
		return time.Time{}
	}
	return f.last.Add(min(longestWait, firstWait<<min(f.count-free, 10)))
}

// succeed forgets the account's wrong tries from this address; the address keeps its others.
func (t *throttle) succeed(a attempt) {
	t.undo(a)
	t.guard.Lock()
	defer t.guard.Unlock()
	delete(t.known, a.keys()[0])
}

// undo takes back the try: it was not a wrong one.
func (t *throttle) undo(a attempt) {
	t.guard.Lock()
	defer t.guard.Unlock()
	for _, key := range a.keys() {
		if f, found := t.known[key]; found && f.count > 1 {
			t.known[key] = failures{f.count - 1, f.last}
		} else {
			delete(t.known, key)
		}
	}
}

// makeRoom bounds the memory that a flood of made-up accounts can take: old counts go first, then those that make nobody wait, then any. A tenth
// goes at once, so that a flood does not make every try look at all of them.
func (t *throttle) makeRoom(now time.Time) {
	if len(t.known) < mostCounts {
		return
	}
	for _, dispensable := range []func(throttleKey, failures) bool{
		func(_ throttleKey, f failures) bool { return now.Sub(f.last) > forgetAfter },
		func(key throttleKey, f failures) bool { return f.count < key.free() },
		func(throttleKey, failures) bool { return true },
	} {
		for key, f := range t.known {
			if len(t.known) <= mostCounts*9/10 {
				return
			}
			if dispensable(key, f) {
				delete(t.known, key)
			}
		}
	}
}

// parseAddr reads an actor's address; the zero address stands for none.
func parseAddr(text string) netip.Addr {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}
