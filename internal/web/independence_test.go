package web_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// team makes members whose access comes from each other.
type team struct {
	*testServer
	t *testing.T
	n int
}

func (m *team) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *team) email() string { m.n++; return fmt.Sprintf("p%d@agency.example", m.n) }

// hired was added on the command line.
func (m *team) hired(role access.Role) members.Member {
	m.t.Helper()
	added, err := m.roster.Add(m.t.Context(), shell, members.Member{Email: m.email(), Name: "Hired", Role: role}, vault.NewSecret(password))
	m.must(err)
	return added
}

func (m *team) invited(by members.Member) members.Member {
	m.t.Helper()
	email := m.email()
	link, err := m.roster.Invite(m.t.Context(), by.Actor(netip.Addr{}), members.Member{Email: email, Role: access.Admin})
	m.must(err)
	_, err = m.roster.Join(m.t.Context(), link, members.Claim{Name: "Guest", Password: vault.NewSecret(password)}, members.Device{})
	m.must(err)
	guest, err := m.roster.ByEmail(m.t.Context(), email)
	m.must(err)
	return guest
}

// reset sets another's password by a link and returns whoever is signed in by it.
func (m *team) reset(by, whom members.Member) access.Actor {
	m.t.Helper()
	link, err := m.roster.ResetLink(m.t.Context(), by.Actor(netip.Addr{}), whom.ID, false)
	m.must(err)
	token, err := m.roster.Reset(m.t.Context(), link, vault.NewSecret(password+" again"), members.Device{})
	m.must(err)
	now, session, err := m.roster.Authenticate(m.t.Context(), token)
	m.must(err)
	return now.SignedIn(session, netip.Addr{})
}

// later lets days go by for what was noted of people.
func (m *team) later(days int) {
	m.t.Helper()
	m.must(m.db.Gorm.Exec("UPDATE influences SET at = at - ?", int64(days)*int64(24*time.Hour/time.Microsecond)).Error)
}

// Nobody passes approval by a second person alone: with an account that they made, raised or took over, in whatever order and over however many steps.
func TestFourEyesAreTwoPeople(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m := &team{testServer: newTestServerOn(t, db, wptest.Site{}), t: t}
		m.addSites(t)
		actor := func(member members.Member) access.Actor { return member.Actor(netip.Addr{}) }
		for name, c := range map[string]struct {
			pair func() (asker, second access.Actor)
			may  bool
		}{
			"two who were hired": {func() (access.Actor, access.Actor) { return actor(m.hired(access.Admin)), actor(m.hired(access.Admin)) }, true},
			"whom the asker invited": {func() (access.Actor, access.Actor) {
				x := m.hired(access.Admin)
				return actor(x), actor(m.invited(x))
			}, false},
			"who invited the asker": {func() (access.Actor, access.Actor) {
				x := m.hired(access.Admin)
				return actor(m.invited(x)), actor(x)
			}, false},
			"both invited by one": {func() (access.Actor, access.Actor) {
				x := m.hired(access.Admin)
				return actor(m.invited(x)), actor(m.invited(x))
			}, false},
			"invited over two steps": {func() (access.Actor, access.Actor) {
				x := m.hired(access.Admin)
				return actor(x), actor(m.invited(m.invited(x)))
			}, false},
			"whom the asker reset": {func() (access.Actor, access.Actor) {
				x := m.hired(access.Admin)
				return actor(x), m.reset(x, m.hired(access.Admin))
			}, false},
			"whom the asker raised": {func() (access.Actor, access.Actor) {
				x, y := m.hired(access.Admin), m.hired(access.Operator)
				m.must(m.roster.ChangeRole(t.Context(), actor(x), y.ID, access.Admin))
				y, err := m.roster.Member(t.Context(), y.ID)
				m.must(err)
				return actor(x), actor(y)
			}, false},
			"invited long ago": {func() (access.Actor, access.Actor) {
				x := m.hired(access.Admin)
				y := m.invited(x)
				m.later(31)
				return actor(x), actor(y)
			}, true},
			"a session from a link of long ago": {func() (access.Actor, access.Actor) {
				x := m.hired(access.Admin)
				y := m.reset(x, m.hired(access.Admin))
				m.later(31)
				return actor(x), y
			}, false},
		} {
			m.must(m.runner.SetPolicy(t.Context(), shell, runs.Policy{})) // with it on, nobody invites, raises or resets alone
			asker, second := c.pair()
			m.must(m.runner.SetPolicy(t.Context(), shell, runs.Policy{Effects: []operation.Effect{operation.Change}}))
			run, err := m.runner.Start(t.Context(), asker, runs.Spec{Operation: "clear-opcache", Selection: sites.Selection{All: true}})
			if err != nil || run.State != runs.AwaitingApproval {
				t.Fatalf("%s: %s, %v", name, run.State, err)
			}
			err = m.runner.Approve(t.Context(), second, run.ID, 0)
			if c.may && err != nil || !c.may && !errors.Is(err, runs.ErrNotIndependent) {
				t.Errorf("%s: %v", name, err)
			}
			if !c.may {
				_, n, err := m.log.Entries(t.Context(), access.System(), audit.Filter{Subject: access.On("run", run.ID), Outcome: audit.Refused})
				if n != 1 || err != nil {
					t.Errorf("%s: %d refusals are recorded, %v", name, n, err)
				}
				continue
			}
			m.ended(t, run.ID)
		}
	})
}

// An approval that comes after its time is refused when it is given, whether the sweep has come by or not.
func TestApprovalPastItsTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m := &team{testServer: newTestServerOn(t, db, wptest.Site{}), t: t}
		m.addSites(t)
		m.must(m.runner.SetPolicy(t.Context(), shell, runs.Policy{Effects: []operation.Effect{operation.Change}}))
		run, err := m.runner.Start(t.Context(), m.hired(access.Admin).Actor(netip.Addr{}),
			runs.Spec{Operation: "clear-opcache", Selection: sites.Selection{All: true}})
		m.must(err)
		m.must(db.Gorm.Exec("UPDATE runs SET approval_until = ?", time.Now().Add(-time.Millisecond).UnixMicro()).Error)
		err = m.runner.Approve(t.Context(), m.hired(access.Admin).Actor(netip.Addr{}), run.ID, 0)
		if !errors.Is(err, runs.ErrTooLate) && !errors.Is(err, runs.ErrNotAwaitingApproval) {
			t.Errorf("%v", err)
		}
		if n := len(m.fake.Calls(0)); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

// Whatever one person does around a run that waits, nothing reaches a site before an independent second person has approved it.
func TestWaysAroundApproval(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m := &team{testServer: newTestServerOn(t, db, wptest.Site{}), t: t}
		m.addSites(t)
		ctx := t.Context()
		off := func() { m.must(m.runner.SetPolicy(ctx, shell, runs.Policy{})) }
		on := func() {
			m.must(m.runner.SetPolicy(ctx, shell, runs.Policy{Effects: []operation.Effect{operation.Change}}))
		}
		change := runs.Spec{Operation: "clear-opcache", Selection: sites.Selection{All: true}}
		asks := func(asker members.Member) int64 {
			run, err := m.runner.Start(ctx, acting(asker), change)
			m.must(err)
			return run.ID
		}
		approve := func(second access.Actor, id int64) error { return m.runner.Approve(ctx, second, id, 0) }
		for name, attack := range map[string]func() error{
			"the asker starts it now": func() error {
				x := m.hired(access.Admin)
				return m.runner.StartNow(ctx, acting(x), asks(x))
			},
			"another starts it now": func() error {
				return m.runner.StartNow(ctx, acting(m.hired(access.Owner)), asks(m.hired(access.Admin)))
			},
			"the asker approves in another session": func() error {
				x := m.hired(access.Admin)
				again := acting(x)
				again.Auth = &access.Auth{Version: again.Auth.Version, Session: 99}
				return approve(again, asks(x))
			},
			"an operator approves": func() error { return approve(acting(m.hired(access.Operator)), asks(m.hired(access.Admin))) },
			"somebody approves who does not reach the site": func() error {
				limited, err := m.roster.Add(ctx, shell, members.Member{Email: m.email(), Name: "Held", Role: access.Admin,
					Restriction: access.Restriction{Clients: []string{"Nobody"}}}, vault.NewSecret(password))
				m.must(err)
				return approve(acting(limited), asks(m.hired(access.Admin)))
			},
			"somebody approves who was an admin": func() error {
				y := m.hired(access.Admin)
				id, before := asks(m.hired(access.Admin)), acting(y)
				m.must(m.roster.ChangeRole(ctx, shell, y.ID, access.Viewer))
				return approve(before, id)
			},
			"somebody approves who was removed": func() error {
				y := m.hired(access.Admin)
				id, before := asks(m.hired(access.Admin)), acting(y)
				m.must(m.roster.Remove(ctx, shell, y.ID))
				return approve(before, id)
			},
			"invited, with a password of their own since": func() error {
				off()
				x := m.hired(access.Admin)
				y := m.invited(x)
				m.must(m.roster.ChangePassword(ctx, acting(y), vault.NewSecret(password), vault.NewSecret("another long password")))
				y, err := m.roster.Member(ctx, y.ID)
				m.must(err)
				on()
				return approve(acting(y), asks(x))
			},
			"both invited by whom one invited": func() error {
				off()
				x := m.hired(access.Admin)
				asker, y := m.invited(m.invited(x)), m.invited(m.invited(x))
				on()
				return approve(acting(y), asks(asker))
			},
			"widened by the asker": func() error {
				off()
				x := m.hired(access.Admin)
				y, err := m.roster.Add(ctx, shell, members.Member{Email: m.email(), Name: "Held", Role: access.Admin,
					Restriction: access.Restriction{Clients: []string{"Nobody"}}}, vault.NewSecret(password))
				m.must(err)
				m.must(m.roster.SetAccess(ctx, acting(x), y.ID, access.Restriction{}))
				y, err = m.roster.Member(ctx, y.ID)
				m.must(err)
				on()
				return approve(acting(y), asks(x))
			},
			"raised, lowered and raised by another": func() error {
				off()
				x, y := m.hired(access.Admin), m.hired(access.Operator)
				m.must(m.roster.ChangeRole(ctx, acting(x), y.ID, access.Admin))
				m.must(m.roster.ChangeRole(ctx, shell, y.ID, access.Operator))
				m.must(m.roster.ChangeRole(ctx, shell, y.ID, access.Admin))
				y, err := m.roster.Member(ctx, y.ID)
				m.must(err)
				on()
				return approve(acting(y), asks(x))
			},
			"a request said to be a read": func() error {
				run, err := m.runner.Start(ctx, acting(m.hired(access.Admin)), runs.Spec{Operation: "request", Selection: sites.Selection{All: true},
					Params: map[string]string{"method": "POST", "path": "/wp/v2/posts", "body": `{"title":"x"}`, "effect": "read"}})
				if err == nil && run.State != runs.AwaitingApproval {
					t.Errorf("it is %s", run.State)
				}
				return errWaits
			},
			"a change inside a batch": func() error {
				run, err := m.runner.Start(ctx, acting(m.hired(access.Admin)), runs.Spec{Operation: "request", Selection: sites.Selection{All: true},
					Params: map[string]string{"method": "POST", "path": "/batch/v1", "body": `{"requests":[{"method":"PUT","path":"/wp/v2/posts/1"}]}`}})
				if err == nil && run.State != runs.AwaitingApproval {
					t.Errorf("it is %s", run.State)
				}
				return errWaits
			},
		} {
			on()
			before := len(m.fake.Calls(0))
			if err := attack(); err == nil {
				t.Errorf("%s: it was let by", name)
			}
			if n := len(m.fake.Calls(0)); n != before {
				t.Errorf("%s: %d requests were sent", name, n-before)
			}
		}

		on()
		asker := m.hired(access.Admin)
		approved := asks(asker)
		m.must(approve(acting(m.hired(access.Admin)), approved))
		m.ended(t, approved)
		before := len(m.fake.Calls(0))
		if again, err := m.runner.Rerun(ctx, acting(asker), approved, runs.Which{}, 0); err != nil || again.State != runs.AwaitingApproval {
			t.Errorf("an approved run that is run again: %s, %v", again.State, err)
		}
		if err := approve(acting(m.hired(access.Admin)), approved); !errors.Is(err, runs.ErrNotAwaitingApproval) {
			t.Errorf("approved twice: %v", err)
		}
		for name, end := range map[string]func(int64) error{
			"removed": func(id int64) error { return m.roster.Remove(ctx, shell, id) },
			"lowered": func(id int64) error { return m.roster.ChangeRole(ctx, shell, id, access.Viewer) },
			"limited": func(id int64) error {
				return m.roster.SetAccess(ctx, shell, id, access.Restriction{Clients: []string{"Nobody"}})
			},
		} {
			gone := m.hired(access.Admin)
			id := asks(gone)
			m.must(end(gone.ID))
			if err := approve(acting(m.hired(access.Admin)), id); err == nil {
				m.ended(t, id)
			}
			if n := len(m.fake.Calls(0)); n != before {
				t.Errorf("%d requests of somebody who was %s meanwhile", n-before, name)
			}
		}
	})
}

var errWaits = errors.New("it waits")
