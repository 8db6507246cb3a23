package runs

import (
	"sync"
	"time"

	"github.com/riverqueue/river"
)

// share keeps a process from taking more batches than it can work, so that others can have them. A batch counts as many requests as
// it can have under way at once: one that waits for a single slow server counts little, and keeps nobody from the next one.
type share struct {
	enough int // requests at once for which batches are taken ahead

	taking sync.Mutex // held while a batch is weighed and taken: the queue hands out many at the same moment
	guard  sync.Mutex
	loads  map[*load]bool
}

// load is what a batch has before it.
type load struct {
	share     *share
	atOnce    int // requests that its servers allow at once
	remaining int // targets that have not ended
}

// ahead is how many times the requests that can be under way at once are taken ahead, so that a place is never empty while the next
// batch is fetched; later is when a batch that was left is offered again.
const (
	ahead = 3
	later = 100 * time.Millisecond
)

func newShare(concurrency int) *share {
	return &share{enough: ahead * concurrency, loads: map[*load]bool{}}
}

// full tells whether this process has enough before it.
func (s *share) full() bool {
	s.guard.Lock()
	defer s.guard.Unlock()
	weight := 0
	for l := range s.loads {
		weight += min(l.atOnce, l.remaining)
	}
	return weight >= s.enough
}

// add weighs a batch that was taken.
func (s *share) add(servers map[string]int, perAddress int) *load {
	l := &load{share: s}
	for _, targets := range servers {
		l.atOnce += min(targets, perAddress)
		l.remaining += targets
	}
	s.guard.Lock()
	defer s.guard.Unlock()
	s.loads[l] = true
	return l
}

func (l *load) ended() {
	l.share.guard.Lock()
	defer l.share.guard.Unlock()
	l.remaining--
}

func (l *load) drop() {
	l.share.guard.Lock()
	defer l.share.guard.Unlock()
	delete(l.share.loads, l)
}

// offerLater gives a job back to the queue for whoever is free.
func offerLater() error { return river.JobSnooze(later) }
