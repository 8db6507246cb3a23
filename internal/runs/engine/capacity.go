package engine

import (
	"sync"
	"time"

	"github.com/riverqueue/river"
)

// capacity keeps a process from taking more batches than it can work, so that others can have them. A batch counts as many requests as
// it can have under way at once: one that waits for a single slow server counts little, and keeps nobody from the next one.
type capacity struct {
	enough int // requests at once for which batches are taken ahead

	taking sync.Mutex // held while a batch is weighed and taken: the queue hands out many at the same moment
	guard  sync.Mutex
	loads  map[*load]bool
}

// load is what a batch has before it.
type load struct {
	capacity  *capacity
	atOnce    int // requests that its servers allow at once
	remaining int // targets that have not ended
}

// ahead is how many times the requests that can be under way at once are taken ahead, so that a place is never empty while the next
// batch is fetched; later is when a batch that was left is offered again.
const (
	ahead = 3
	later = 100 * time.Millisecond
)

func newCapacity(concurrency int) *capacity {
	return &capacity{enough: ahead * concurrency, loads: map[*load]bool{}}
}

// full tells whether this process has enough before it.
func (c *capacity) full() bool {
	c.guard.Lock()
	defer c.guard.Unlock()
	weight := 0
	for l := range c.loads {
		weight += min(l.atOnce, l.remaining)
	}
	return weight >= c.enough
}

// add counts a batch that was taken.
func (c *capacity) add(servers map[string]int, perAddress int) *load {
	l := &load{capacity: c}
	for _, targets := range servers {
		l.atOnce += min(targets, perAddress)
		l.remaining += targets
	}
	c.guard.Lock()
	defer c.guard.Unlock()
	c.loads[l] = true
	return l
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

// offerLater gives a job back to the queue for whoever is free.
func offerLater() error { return river.JobSnooze(later) }
