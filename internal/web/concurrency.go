package web

import "sync"

// maxConcurrentRequests is how many requests of one member may be under way at once, streams included: more than any browser with many tabs has,
// and few enough that one member, or somebody with a stolen session, cannot take the server from the others.
const maxConcurrentRequests = 64

// concurrencyLimit counts the requests that each member has under way.
type concurrencyLimit struct {
	guard   sync.Mutex
	running map[int64]int
}

// acquire takes a place for the member, which leave gives back, or tells that there is none.
func (c *concurrencyLimit) acquire(member int64) (release func(), acquired bool) {
	c.guard.Lock()
	defer c.guard.Unlock()
	if c.running[member] >= maxConcurrentRequests {
		return nil, false
	}
	if c.running == nil {
		c.running = map[int64]int{}
	}
	c.running[member]++
	return func() { c.release(member) }, true
}

func (c *concurrencyLimit) release(member int64) {
	c.guard.Lock()
	defer c.guard.Unlock()
	if c.running[member]--; c.running[member] == 0 {
		delete(c.running, member)
	}
}
