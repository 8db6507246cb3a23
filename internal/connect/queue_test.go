package connect_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// atOnce does all of it at the same time.
func atOnce(all ...func() error) []error {
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, do := range all {
		group.Go(func() { errs[i] = do() })
	}
	group.Wait()
	return errs
}

func (b bench) add(actor access.Actor, client string, addresses ...string) []connect.Connection {
	b.t.Helper()
	added, err := b.queue.Add(b.t.Context(), actor, connect.Wanted{Addresses: addresses, Client: client})
	b.must(err)
	return added
}

func (b bench) entries(action access.Action) int64 {
	b.t.Helper()
	_, n, err := b.log.Entries(b.t.Context(), access.System(), audit.Filter{Action: action, Outcome: audit.Done})
	b.must(err)
	return n
}

// Many who work on one queue at the same time, in whatever order: each address is there once, and nobody waits for another in a circle.
func TestOneQueueForMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{Sites: []wptest.Site{{}}})
		c, ctx := b.ready(0), context.WithoutCancel(t.Context())
		var up []string
		for i := range 40 {
			up = append(up, fmt.Sprintf("https://s%02d.example", i))
		}
		down := slices.Clone(up)
		slices.Reverse(down)
		add := func(addresses []string) func() error {
			return func() error { _, err := b.queue.Add(ctx, bo, connect.Wanted{Addresses: addresses}); return err }
		}
		begin := func(actor access.Actor) func() error {
			return func() error {
				for range 5 {
					if _, err := b.queue.Begin(ctx, actor, 7, c.ID, drover); err != nil {
						return err
					}
				}
				return nil
			}
		}
		look := func() error {
			for range 3 {
				if err := b.queue.Look(ctx, ada, []connect.Connection{c}); err != nil {
					return err
				}
			}
			return nil
		}
		if err := errors.Join(atOnce(add(up), add(down), add(up), add(down), begin(ada), begin(bo), look, look)...); err != nil {
			t.Error(err)
		}
		if o, err := b.queue.Overview(ctx, ada, "", 0, 0); err != nil || o.Total != 41 {
			t.Errorf("%d connections, %v", o.Total, err)
		}
	})
}

// Of browsers that bring back the same state at the same moment, one gets the credential: whatever they bring beside it, and however many processes
// they reach.
func TestAStateCountsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{Sites: []wptest.Site{{}}})
		c, ctx := b.ready(0), context.WithoutCancel(t.Context())
		const rounds, browsers = 6, 4
		overlapped := 0
		for range rounds {
			address, err := b.queue.Begin(ctx, ada, 7, c.ID, drover)
			b.must(err)
			back := b.approve(address, "approve")
			granted := make([]connect.Grant, browsers)
			var arrived atomic.Int64
			all := make(chan struct{})
			// Each has read the state as unused before any of them takes it: the read alone tells nobody apart.
			queue := b.queue.BeforeTaking(func() {
				if arrived.Add(1) == browsers {
					close(all)
				}
				<-all
			})
			var takes []func() error
			for i := range granted {
				takes = append(takes, func() (err error) {
					granted[i], err = queue.Take(ctx, ada, 7, back)
					return err
				})
			}
			taken := 0
			for i, err := range atOnce(takes...) {
				if err == nil && granted[i].Password.Reveal() == back.Password.Reveal() {
					taken++
				} else if !errors.Is(err, connect.ErrUsed) || granted[i].Password.Reveal() != "" {
					t.Errorf("%+v, %v", granted[i], err)
				}
			}
			if taken != 1 {
				t.Errorf("the credential was handed out %d times", taken)
			}
			if arrived.Load() == browsers {
				overlapped++
			}
		}
		if n := b.entries(access.ConnectFinish); n != rounds || overlapped != rounds {
			t.Errorf("%d entries of %d approvals, %d of them at the same moment", n, rounds, overlapped)
		}
	})
}

// What was skipped is put back by looking at it again, as its page says.
func TestASkippedConnectionIsLookedAtAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{Sites: []wptest.Site{{}}})
		c := b.ready(0)
		b.must(b.queue.Skip(t.Context(), ada, c.ID))
		if _, err := b.queue.LookAgain(t.Context(), viewer, c.ID); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		if c, err := b.queue.LookAgain(t.Context(), ada, c.ID); err != nil || c.State != connect.Ready {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestWhatIsNotAddedToTheQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{})
		scoped := ada
		scoped.Scope = access.NewScope(access.Restriction{Clients: []string{"Acme"}})
		for name, c := range map[string]struct {
			actor  access.Actor
			wanted connect.Wanted
			field  string
		}{
			"nothing":             {ada, connect.Wanted{}, "addresses"},
			"too many":            {ada, connect.Wanted{Addresses: make([]string, 20_001)}, "addresses"},
			"a client of control": {ada, connect.Wanted{Addresses: []string{"a.example"}, Client: "A\x00"}, "client"},
			"a long tag":          {ada, connect.Wanted{Addresses: []string{"a.example"}, Tags: []string{strings.Repeat("x", 51)}}, "tags"},
			"out of scope":        {scoped, connect.Wanted{Addresses: []string{"a.example"}, Client: "Zulu"}, "client"},
			"of no client":        {scoped, connect.Wanted{Addresses: []string{"a.example"}}, "client"},
		} {
			_, err := b.queue.Add(t.Context(), c.actor, c.wanted)
			if err == nil || !strings.Contains(err.Error(), c.field) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := b.queue.Add(t.Context(), viewer, connect.Wanted{Addresses: []string{"a.example"}}); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		odd := b.add(ada, "", "a.example", "https://A.example/", "A.EXAMPLE/wp-admin", "\x00", "caf\xe9.example", strings.Repeat("x", 5000), "日本.example")
		if len(odd) != 5 || odd[0].Home != "https://a.example" || len([]rune(odd[3].Address)) > 501 {
			t.Errorf("%d: %+v", len(odd), odd)
		}
		for _, c := range odd {
			if got, err := b.queue.Connection(t.Context(), ada, c.ID); err != nil || got.Address != c.Address || got.State != connect.Looking {
				t.Errorf("%+v, %v", got, err)
			}
		}
	})
}

func TestSkipPutBackRemove(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{})
		acme, zulu := b.add(ada, "Acme", "a.example", "b.example"), b.add(ada, "Zulu", "z.example")
		scoped := ada
		scoped.ID, scoped.Scope = 9, access.NewScope(access.Restriction{Clients: []string{"Acme"}})
		states := func(want string) {
			t.Helper()
			o, err := b.queue.Overview(t.Context(), ada, "", 0, 0)
			b.must(err)
			var got []string
			for _, c := range o.Page {
				got = append(got, string(c.State))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%v, want %s", got, want)
			}
		}
		entries := b.entries(access.ConnectQueue)
		for name, err := range map[string]error{
			"another's among them": b.queue.Skip(t.Context(), scoped, acme[0].ID, zulu[0].ID),
			"another's removed":    b.queue.Remove(t.Context(), scoped, zulu[0].ID),
			"none":                 b.queue.Remove(t.Context(), ada, acme[0].ID, 99),
		} {
			if !errors.Is(err, connect.ErrNone) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := b.queue.Skip(t.Context(), viewer, acme[0].ID); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		if b.must(b.queue.Skip(t.Context(), scoped)); b.entries(access.ConnectQueue) != entries {
			t.Error("what did nothing has an entry")
		}
		states("looking looking looking")
		b.must(b.queue.Skip(t.Context(), scoped, acme[0].ID, acme[1].ID))
		states("skipped skipped looking")
		b.must(b.queue.Unskip(t.Context(), scoped, acme[1].ID))
		states("skipped looking looking")
		if again := b.add(ada, "Acme", "a.example", "b.example"); len(again) != 1 || again[0].Home != "https://a.example" {
			t.Errorf("what was skipped begins again when it is added: %+v", again)
		}
		b.must(b.queue.Remove(t.Context(), ada, acme[1].ID, zulu[0].ID))
		states("looking")
		for offset, want := range map[int]int{0: 1, 1: 0, 5: 0} {
			o, err := b.queue.Overview(t.Context(), ada, connect.Looking, offset, 1)
			if err != nil || len(o.Page) != want || o.Total != 1 || o.Counts[connect.Looking] != 1 {
				t.Errorf("from %d: %+v, %v", offset, o, err)
			}
		}
	})
}

// A connected site is settled by its address alone, stays so whatever is done to it, and is dropped after a month.
func TestAConnectionEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{Sites: []wptest.Site{{}}})
		c, other := b.ready(0), b.add(ada, "", "other.example")[0]
		if _, err := b.queue.Begin(t.Context(), ada, 7, other.ID, drover); !errors.Is(err, connect.ErrNotReady) {
			t.Errorf("sent to a site that was not looked at: %v", err)
		}
		s, err := b.registry.Add(t.Context(), ada, sites.Draft{URL: c.Home, Client: c.Client, Tags: c.Tags, Username: "u", Password: vault.NewSecret("p")})
		b.must(err)
		b.must(b.queue.Settle(t.Context(), s))
		b.must(b.queue.Skip(t.Context(), ada, c.ID))
		if now, err := b.queue.LookAgain(t.Context(), ada, c.ID); err != nil || now.State != connect.Connected || now.SiteID != s.ID || now.EndedAt.IsZero() {
			t.Errorf("%+v, %v", now, err)
		}
		if _, err := b.queue.Begin(t.Context(), ada, 7, c.ID, drover); !errors.Is(err, connect.ErrNotReady) {
			t.Errorf("connected once more: %v", err)
		}
		b.must(b.queue.Remove(t.Context(), ada, other.ID))
		for i, days := range []int{29, 31} {
			b.must(db.Gorm.Exec("UPDATE connections SET ended_at = ?", time.Now().AddDate(0, 0, -days).UnixMicro()).Error)
			b.must(b.queue.Resume(t.Context()))
			if o, err := b.queue.Overview(t.Context(), ada, "", 0, 0); err != nil || o.Total != 1-i {
				t.Errorf("after %d days: %d connections, %v", days, o.Total, err)
			}
		}
	})
}

// Of people who approve the next one at the same moment, each is sent to another site: two at one would leave a password behind.
func TestPeopleWhoApproveNextAtTheSameMoment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const people = 6
		b := newBench(t, db, wptest.Options{Sites: make([]wptest.Site, people)})
		for i := range people {
			b.ready(i)
		}
		ctx := context.WithoutCancel(t.Context())
		sent := make([]string, people)
		var all []func() error
		for i := range people {
			actor := ada
			actor.ID = int64(100 + i)
			all = append(all, func() error {
				address, err := b.queue.BeginNext(ctx, actor, actor.ID, drover)
				sent[i], _, _ = strings.Cut(address, "?")
				return err
			})
		}
		b.must(errors.Join(atOnce(all...)...))
		slices.Sort(sent)
		if n := len(slices.Compact(sent)); n != people {
			t.Errorf("%d people were sent to %d sites", people, n)
		}
		late := ada
		late.ID = 200
		if _, err := b.queue.BeginNext(ctx, late, 1, drover); !errors.Is(err, connect.ErrNone) {
			t.Errorf("somebody else's: %v", err)
		}
	})
}
