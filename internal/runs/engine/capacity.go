package engine

import "sync"

// capacity keeps a process from taking more batches than it can work, so that others can have them. A batch counts as many requests as
// it can have under way at once: one that waits for a single slow server counts little, and keeps nobody from the next one. A run that has
// nothing under way here waits for nobody else's batches.
type capacity struct {
	enough int // requests at once for which batches are taken ahead

	guard sync.Mutex
	loads map[*load]bool
}

// load is what a batch has before it.
type load struct {
	capacity  *capacity
	member    string
	run       int64
	atOnce    int // requests that its servers allow at once
	remaining int // targets that have not ended
}

// ahead is how many times the requests that can be under way at once are taken ahead, so that a place is never empty while the next
// batch is fetched. assumed is the load of a batch that was not read yet.
const (
	ahead   = 3
	assumed = 250
)

// The batches that a process works side by side; how many requests that makes is the network's to limit. Some are kept for runs that have
// nothing under way, and some of these for members who have nothing under way.
const (
	maxBatches    = 64
	keptForRuns   = 32
	keptForMember = 16
)

func newCapacity(concurrency int) *capacity {
	return &capacity{enough: ahead * concurrency, loads: map[*load]bool{}}
}

// reserve counts a batch of the member's run that is about to be taken. It returns nil when this process has enough before it.
func (c *capacity) reserve(member string, run int64) *load {
	c.guard.Lock()
	defer c.guard.Unlock()
	weight, ofRun, ofMember := 0, 0, 0
	for l := range c.loads {
		weight += min(l.atOnce, l.remaining)
		if l.member == member {
			ofMember++
		}
		if l.run == run {
			ofRun++
		}
	}
	most := maxBatches - keptForRuns
	switch {
	case ofMember == 0:
		most = maxBatches
	case ofRun == 0:
		most = maxBatches - keptForMember
	case weight >= c.enough:
		return nil
	}
	if len(c.loads) >= most {
		return nil
	}
	l := &load{capacity: c, member: member, run: run, atOnce: assumed, remaining: assumed}
	c.loads[l] = true
	return l
}

// estimated says what the batch has before it, now that it was read.
func (l *load) estimated(servers map[string]int, perAddress int) {
	l.capacity.guard.Lock()
	defer l.capacity.guard.Unlock()
	l.atOnce, l.remaining = 0, 0
	for _, targets := range servers {
		l.atOnce += min(targets, perAddress)
		l.remaining += targets
	}
}

func (l *load) ended() {
	l.capacity.guard.Lock()
	defer l.capacity.guard.Unlock()
	l.remaining--
}

func (l *load) drop() {
	l.capacity.guard.Lock()
	defer l.capacity.guard.Unlock()
	delete(l.capacity.loads, l)
}
