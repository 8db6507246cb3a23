package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/droverhq/drover/internal/runs"
)

// leases is a store of leases alone, over a fake clock.
type leases struct {
	Store
	renewBatch func(context.Context) (renewed bool, err error)
	renewHosts func(context.Context) ([]netip.Addr, error)
	endOverdue func(context.Context) error
	claims     *atomic.Int64 // counts LeaseHosts, nil where it does not matter
}

func (s leases) RenewBatch(ctx context.Context, _ int64, _ string, _ time.Time) (renewed, cancelled bool, err error) {
	renewed, err = s.renewBatch(ctx)
	return renewed, false, err
}

func (s leases) LeaseHosts(_ context.Context, _ string, wanted []netip.Addr, _ time.Time) ([]netip.Addr, error) {
	if s.claims != nil {
		s.claims.Add(1)
	}
	return wanted, nil
}

func (s leases) RenewHosts(ctx context.Context, _ string, _ time.Time) ([]netip.Addr, error) {
	return s.renewHosts(ctx)
}

func (s leases) EndOverdue(ctx context.Context) error { return s.endOverdue(ctx) }

func (s leases) ReleaseHosts(context.Context, string, []netip.Addr) error { return nil }

// silent is a database that does not answer.
func silent(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// A lease protects what is sent no longer than the database confirmed it.
func TestALeaseEndsInTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		renew func(context.Context) (bool, error)
		after time.Duration // 0: it does not end
	}{
		"confirmed":         {func(context.Context) (bool, error) { return true, nil }, 0},
		"another has it":    {func(context.Context) (bool, error) { return false, nil }, renewEvery},
		"silent database":   {func(ctx context.Context) (bool, error) { return false, silent(ctx) }, leaseTime - leaseMargin},
		"database in error": {func(context.Context) (bool, error) { return false, errors.New("gone") }, leaseTime - leaseMargin},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancelCause(t.Context())
				defer stop(nil)
				began := time.Now()
				l := &lease{store: leases{renewBatch: c.renew}, cancelled: make(chan struct{}), good: began}
				l.start(ctx, &Engine{logger: slog.New(slog.DiscardHandler)}, stop)
				defer l.stop()
				if c.after == 0 {
					time.Sleep(time.Minute)
					if context.Cause(ctx) != nil || l.valid() != nil {
						t.Errorf("it ended: %v, %v", context.Cause(ctx), l.valid())
					}
					return
				}
				<-ctx.Done()
				if took := time.Since(began); took != c.after || !errors.Is(context.Cause(ctx), runs.ErrLeaseLost) {
					t.Errorf("after %v: %v", took, context.Cause(ctx))
				}
				time.Sleep(leaseTime)
				if l.valid() == nil {
					t.Error("it may still send")
				}
				if l.renewed(time.Now()); l.valid() == nil {
					t.Error("a renewal that came too late let it send again")
				}
			})
		})
	}
}

// Nothing is sent after a run's deadline, also while the database takes its time to cancel the run.
func TestNothingIsSentAfterTheDeadline(t *testing.T) {
	t.Parallel()
	for name, deadline := range map[string]time.Duration{"passes": time.Second, "has passed": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, ended := time.Now(), false
				l := &lease{cancelled: make(chan struct{}), good: began, store: leases{endOverdue: func(context.Context) error {
					time.Sleep(3 * time.Second)
					ended = true
					return nil
				}}}
				b := &batch{engine: &Engine{drain: make(chan struct{})}, lease: l}
				l.endAt(t.Context(), began.Add(deadline))
				if deadline > 0 {
					if err := b.mayStillSend(t.Context()); err != nil {
						t.Errorf("before the deadline: %v", err)
					}
					time.Sleep(deadline)
				}
				if err := b.mayStillSend(t.Context()); !errors.Is(err, errCancelled) || !ended {
					t.Errorf("after the deadline: %v, the run is cancelled: %v", err, ended)
				}
				ctx, stop := context.WithCancel(t.Context())
				stop()
				if err := b.mayStillSend(ctx); err == nil {
					t.Error("it may still send after the batch has ended")
				}
			})
		})
	}
}

// What is sent to an address ends with the lease of the address.
func TestAHostLeaseThatIsLost(t *testing.T) {
	t.Parallel()
	address, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	for name, c := range map[string]struct {
		renew func(context.Context) ([]netip.Addr, error)
		ends  bool
	}{
		"confirmed":         {func(context.Context) ([]netip.Addr, error) { return []netip.Addr{address, other}, nil }, false},
		"another has it":    {func(context.Context) ([]netip.Addr, error) { return []netip.Addr{other}, nil }, true},
		"silent database":   {func(ctx context.Context) ([]netip.Addr, error) { return nil, silent(ctx) }, true},
		"database in error": {func(context.Context) ([]netip.Addr, error) { return nil, errors.New("gone") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				h := newHostLeases(leases{renewHosts: c.renew}, slog.New(slog.DiscardHandler))
				go h.keep(ctx)
				go h.watch(ctx)
				leased, release, err := h.acquire(ctx, address, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if !c.ends {
					time.Sleep(time.Minute)
				} else {
					<-leased.Done()
				}
				if cause := context.Cause(leased); c.ends != errors.Is(cause, errHostLeaseLost) || c.ends && time.Since(began) > leaseTime {
					t.Errorf("after %v: %v", time.Since(began), cause)
				}
				release()
				stop()
				synctest.Wait()
			})
		})
	}
}

// The addresses of a batch that begins, one after the other, share few claims. A lone address waits for nothing.
func TestHostsAreClaimedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		store := leases{claims: new(atomic.Int64)}
		h := newHostLeases(store, slog.New(slog.DiscardHandler))
		go h.keep(ctx)
		acquire := func(address netip.Addr) {
			_, release, err := h.acquire(ctx, address, nil, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
		}
		began := time.Now()
		acquire(netip.MustParseAddr("10.1.0.1"))
		if waited := time.Since(began); waited > 0 {
			t.Errorf("a lone address waited %v", waited)
		}
		var batch sync.WaitGroup
		address := netip.MustParseAddr("10.0.0.1")
		for range 250 {
			address = address.Next()
			next := address
			batch.Go(func() { acquire(next) })
			time.Sleep(100 * time.Microsecond)
		}
		batch.Wait()
		if n := store.claims.Load(); n > 5 {
			t.Errorf("%d claims for 251 addresses", n)
		}
		stop()
		synctest.Wait()
	})
}

// A run with nothing under way waits for nobody else's batches; others wait as soon as there is enough to do.
func TestCapacity(t *testing.T) {
	t.Parallel()
	c := newCapacity(100)
	first := c.reserve("mara", 1)
	first.estimated(map[string]int{"a": 250, "b": 250}, 250)
	if c.reserve("mara", 1) != nil {
		t.Error("a second batch of the same run was taken over the capacity")
	}
	for run := int64(2); run <= 12; run++ {
		if c.reserve("mara", run) == nil {
			t.Errorf("run %d waits for others", run)
		}
	}
	for run := int64(13); run < 200; run++ {
		c.reserve("mara", run)
	}
	if c.reserve("olga", 500) == nil {
		t.Error("a member waits for another one's runs")
	}
	if n := len(c.loads); n > maxBatches-keptForMember+1 {
		t.Errorf("%d batches of one member", n-1)
	}
	first.drop()
	if _, still := c.loads[first]; still {
		t.Error("a batch that ended still counts")
	}
}

// One job waits in the process until there is room; the others come back one after the other.
func TestJobsWaitForRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, drain := newCapacity(100), make(chan struct{})
		first := c.reserve("mara", 1)
		first.estimated(map[string]int{"a": 250, "b": 250}, 250)
		room, began := make(chan bool), time.Now()
		wait := func() { room <- c.await(t.Context(), drain) }
		go wait()
		synctest.Wait()
		if c.await(t.Context(), drain) {
			t.Error("a second job waits")
		}
		for range 3 * 100 {
			first.ended()
		}
		synctest.Wait()
		select {
		case <-room:
			t.Error("there is no room yet")
		default:
		}
		first.ended()
		second := c.reserve("mara", 1)
		if !<-room || time.Since(began) != 0 || second == nil {
			t.Fatalf("no room after %v", time.Since(began))
		}
		go wait()
		synctest.Wait()
		first.drop()
		if !<-room {
			t.Error("no room after a batch has ended")
		}
		go wait()
		if <-room || time.Since(began) > awaitFor {
			t.Errorf("without room, a job waited %v", time.Since(began))
		}
		var last time.Duration
		for n := range 40 {
			late := c.putOff(time.Now())
			if late < last || late > offerWithin || n < 10 && late != time.Duration(n+1)*offerEvery {
				t.Errorf("job %d is put off by %v after one by %v", n, late, last)
			}
			last = late
		}
	})
}

// A batch that could not store its outcomes until its lease was lost is another worker's: it is not failed, and the log says why.
func TestALostLeaseComesFirst(t *testing.T) {
	t.Parallel()
	down := errors.New("the database does not answer")
	lost := fmt.Errorf("%w: no renewal was confirmed", runs.ErrLeaseLost)
	for name, c := range map[string]struct {
		cause, err error
		want       []error
	}{
		"lost, and not stored":     {lost, down, []error{runs.ErrLeaseLost, down}},
		"lost, and said so":        {lost, runs.ErrLeaseLost, []error{runs.ErrLeaseLost}},
		"lost once all was stored": {lost, nil, nil},
		"not stored":               {nil, down, []error{down}},
		"stopped, and not stored":  {context.Canceled, down, []error{down}},
	} {
		err := lostFirst(c.cause, c.err)
		for _, want := range c.want {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if (err == nil) != (c.want == nil) || errors.Is(err, runs.ErrLeaseLost) != (len(c.want) > 0 && errors.Is(c.want[0], runs.ErrLeaseLost)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
