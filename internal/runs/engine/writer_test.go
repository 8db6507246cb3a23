package engine

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
)

// recorder is a store that keeps what a writer stores, and takes a while for each transaction.
type recorder struct {
	Store
	takes time.Duration
	fails error // from the transaction of that number on
	after int

	guard  sync.Mutex
	stored []runs.Progress
}

func (r *recorder) StoreProgress(_ context.Context, _ int64, _ string, _ time.Time, p runs.Progress) ([]int64, error) {
	time.Sleep(r.takes) // in a bubble of synctest, on its clock
	r.guard.Lock()
	defer r.guard.Unlock()
	if r.fails != nil && len(r.stored) >= r.after {
		return nil, r.fails
	}
	r.stored = append(r.stored, p)
	return nil, nil
}

// begun tells whether the beginning of the target is stored.
func (r *recorder) begun(target int64) bool {
	r.guard.Lock()
	defer r.guard.Unlock()
	for _, p := range r.stored {
		for _, id := range p.Begun {
			if id == target {
				return true
			}
		}
	}
	return false
}

func (r *recorder) observed() (n int) {
	r.guard.Lock()
	defer r.guard.Unlock()
	for _, p := range r.stored {
		n += len(p.Observed)
	}
	return n
}

func (r *recorder) transactions() int {
	r.guard.Lock()
	defer r.guard.Unlock()
	return len(r.stored)
}

func writing(t *testing.T, r *recorder) *writer {
	return newWriter(t.Context(), &lease{store: r, batch: 1, owner: "a worker", cancelled: make(chan struct{})}, nil)
}

// A lone target waits for its own transaction alone. Many share one, each is stored before it may be sent, and none waits long.
func TestBegunTargetsAreStoredTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const takes, many = 2 * time.Millisecond, 200
		r := &recorder{takes: takes}
		w := writing(t, r)
		for target := range int64(3) {
			began := time.Now()
			if err := w.begin(t.Context(), target+1); err != nil || time.Since(began) != takes {
				t.Errorf("a lone target waited for %v, %v", time.Since(began), err)
			}
			time.Sleep(storeEvery)
		}
		alone := r.transactions()
		var group sync.WaitGroup
		for i := range many {
			time.Sleep(time.Millisecond)
			group.Go(func() {
				began, target := time.Now(), int64(1000+i)
				if err := w.begin(t.Context(), target); err != nil || !r.begun(target) {
					t.Errorf("target %d may be sent, stored: %v, %v", target, r.begun(target), err)
				}
				if waited := time.Since(began); waited > storeEvery+2*takes {
					t.Errorf("target %d waited for %v", target, waited)
				}
			})
		}
		group.Wait()
		if err := w.close(); err != nil {
			t.Error(err)
		}
		if n, most := r.transactions()-alone, int(many*time.Millisecond/storeEvery)+2; n > most {
			t.Errorf("%d transactions for %d targets, want %d at most", n, many, most)
		}
	})
}

// What was gathered and not stored is not sent, and those who come later are told too.
func TestWhatIsNotStoredIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{takes: time.Millisecond, fails: runs.ErrLeaseLost, after: 1}
		w := writing(t, r)
		if err := w.begin(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for i := range int64(50) {
			group.Go(func() {
				if err := w.begin(t.Context(), 100+i); !errors.Is(err, errNotStored) || !errors.Is(err, runs.ErrLeaseLost) {
					t.Errorf("target %d: %v", 100+i, err)
				}
			})
		}
		group.Wait()
		if err := w.begin(t.Context(), 200); !errors.Is(err, errNotStored) {
			t.Errorf("one that came later: %v", err)
		}
		if err := w.close(); !errors.Is(err, runs.ErrLeaseLost) {
			t.Error(err)
		}
	})
}

// What answers tell of their sites is stored soon, also where nothing else comes, and before the writer ends.
func TestWhatIsObservedIsStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		w := writing(t, r)
		for n := 1; n <= 3; n++ {
			w.observed(sites.Observed{Site: int64(n)})
			time.Sleep(observeEvery + storeEvery)
			if got := r.observed(); got != n {
				t.Errorf("%d of %d are stored", got, n)
			}
		}
		for range 100 {
			w.observed(sites.Observed{Site: 4})
			time.Sleep(time.Millisecond)
		}
		if n := r.transactions(); n > 3+100/int(storeEvery/time.Millisecond)+2 {
			t.Errorf("%d transactions", n)
		}
		if err := w.close(); err != nil || r.observed() != 103 {
			t.Errorf("%d of 103 are stored, %v", r.observed(), err)
		}
	})
}
