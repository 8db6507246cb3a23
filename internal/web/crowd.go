package web

import "sync"

// mostAtOnce is how many requests of one member may be under way at once, streams included: more than any browser with many tabs has,
// and few enough that one member, or somebody with a stolen session, cannot take the server from the others.
const mostAtOnce = 64

// crowd counts the requests that each member has under way.
type crowd struct {
	guard  sync.Mutex
	inside map[int64]int
}

// enter takes a place for the member, which leave gives back, or tells that there is none.
func (c *crowd) enter(member int64) (leave func(), entered bool) {
	c.guard.Lock()
	defer c.guard.Unlock()
	if c.inside[member] >= mostAtOnce {
		return nil, false
	}
	if c.inside == nil {
		c.inside = map[int64]int{}
	}
	c.inside[member]++
	return func() { c.left(member) }, true
}

func (c *crowd) left(member int64) {
	c.guard.Lock()
	defer c.guard.Unlock()
	if c.inside[member]--; c.inside[member] == 0 {
		delete(c.inside, member)
	}
}
