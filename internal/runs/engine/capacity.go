package engine

import (
	"context"
	"sync"
	"time"
)

// capacity keeps a process from taking more batches than it can work, so that others can have them. A batch counts as many requests as
// it can have under way at once: one that waits for a single slow server counts little, and keeps nobody from the next one. A run that has
// nothing under way here waits for nobody else's batches.
type capacity struct {
	enough int // requests at once for which batches are taken ahead

	guard   sync.Mutex
	loads   map[*load]bool
	waiting chan struct{} // closed when there may be room; nil where no job waits for that
	offered time.Time     // when the last job that was put off is offered again
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
	ahead   = 2
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
	ofRun, ofMember := 0, 0
	for l := range c.loads {
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
	case c.weight() >= c.enough:
		return nil
	}
	if len(c.loads) >= most {
		return nil
	}
	l := &load{capacity: c, member: member, run: run, atOnce: assumed, remaining: assumed}
	c.loads[l] = true
	return l
}

// weight is how many requests can be under way at once. The guard is held.
func (c *capacity) weight() int {
	weight := 0
	for l := range c.loads {
		weight += min(l.atOnce, l.remaining)
	}
	return weight
}

// Jobs that are put off come back one after another, offerEvery apart and within offerWithin. awaitFor is how long one waits in the process.
const (
	offerEvery  = 100 * time.Millisecond
	offerWithin = 2 * time.Second
	awaitFor    = time.Second
)

// putOff is how long a job is put off that came at the time.
func (c *capacity) putOff(now time.Time) time.Duration {
	c.guard.Lock()
	defer c.guard.Unlock()
	next := c.offered.Add(offerEvery)
	if earliest := now.Add(offerEvery); next.Before(earliest) {
		next = earliest
	}
	if latest := now.Add(offerWithin); next.After(latest) {
		next = latest
	}
	c.offered = next
	return next.Sub(now)
}

// await waits until there may be room for another batch, and tells whether there may be. It returns at once where another job waits already.
func (c *capacity) await(ctx context.Context, drain <-chan struct{}) bool {
	room, mine := c.queue()
	if !mine {
		return false
	}
	timer := time.NewTimer(awaitFor)
	defer timer.Stop()
	select {
	case <-room:
		return true
	case <-timer.C:
	case <-drain:
	case <-ctx.Done():
	}
	c.guard.Lock()
	defer c.guard.Unlock()
	if c.waiting == room {
		c.waiting = nil
	}
	return false
}

// queue makes the caller the one that waits, unless somebody waits already.
func (c *capacity) queue() (room chan struct{}, mine bool) {
	c.guard.Lock()
	defer c.guard.Unlock()
	if c.waiting != nil {
		return nil, false
	}
	room = make(chan struct{})
	c.waiting = room
	c.wake()
	return room, true
}

// wake tells the job that waits that there may be room, if there is. The guard is held.
func (c *capacity) wake() {
	if c.waiting != nil && len(c.loads) < maxBatches-keptForRuns && c.weight() < c.enough {
		c.wakeNow()
	}
}

func (c *capacity) wakeNow() {
	if c.waiting != nil {
		close(c.waiting)
		c.waiting = nil
	}
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
	l.capacity.wake()
}

func (l *load) ended() {
	l.capacity.guard.Lock()
	defer l.capacity.guard.Unlock()
	l.remaining--
	l.capacity.wake()
}

func (l *load) drop() {
	l.capacity.guard.Lock()
	defer l.capacity.guard.Unlock()
	delete(l.capacity.loads, l)
	l.capacity.wakeNow()
}
