package changes_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

var shell = access.Actor{Kind: access.KindCommandLine, Name: "root", Role: access.Owner}

const secret = "abcd EFGH 1234 ijkl MNOP 5678"

// team is a protected site of Acme (1), one of Zulu (2), and members to change them.
type team struct {
	t        *testing.T
	db       *database.DB
	log      *audit.Log
	vault    *vault.Vault
	registry *sites.Registry
	roster   *members.Roster
	changes  *changes.Changes
}

func newTeam(t *testing.T, db *database.DB) *team {
	t.Helper()
	m := &team{t: t, db: db, log: audit.New(db.Gorm, sites.Subjects(), runs.Subjects(), members.Verifier(), changes.Approvals())}
	var err error
	m.vault, err = vault.Create(filepath.Join(t.TempDir(), "keyset.json"))
	m.must(err)
	network := wordpress.NewNetwork(wordpress.Config{})
	t.Cleanup(network.Close)
	m.registry, m.roster = sites.New(db, m.vault, m.log, network), members.New(db, m.vault, m.log)
	m.roster.HashCheaply()
	runner, err := runs.New(db, m.registry, m.log, slog.New(slog.DiscardHandler))
	m.must(err)
	m.changes = changes.New(db, m.vault, m.log, changes.Parts{Registry: m.registry, Roster: m.roster, Runner: runner})
	for i, client := range []string{"Acme", "Zulu"} {
		_, err := m.registry.Add(t.Context(), shell, sites.Draft{URL: fmt.Sprintf("https://s%d.example", i+1), Client: client, Username: "u",
			Password: vault.NewSecret(secret)})
		m.must(err)
	}
	m.must(runner.SetPolicy(t.Context(), shell, runs.Policy{Clients: []string{"Acme"}}))
	return m
}

func (m *team) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// admin is a new member, independent of all others, whose scope is the given clients' sites.
func (m *team) admin(name string, clients ...string) access.Actor {
	m.t.Helper()
	added, err := m.roster.Add(m.t.Context(), shell, members.Member{Email: name + "@agency.example", Name: name, Role: access.Admin,
		Restriction: access.Restriction{Clients: clients}}, vault.NewSecret("nine wet kettles at noon"))
	m.must(err)
	return added.Actor(netip.Addr{})
}

// requests is the pending change that the actor's request makes.
func (m *team) requests(actor access.Actor, change changes.Change) changes.Pending {
	m.t.Helper()
	_, err := m.changes.Do(context.WithoutCancel(m.t.Context()), actor, change)
	requested, is := errors.AsType[*changes.Requested](err)
	if !is {
		m.t.Fatalf("%s was not stopped: %v", change.Action, err)
	}
	return requested.Pending
}

func (m *team) entries(action access.Action) int64 {
	m.t.Helper()
	_, n, err := m.log.Entries(m.t.Context(), access.System(), audit.Filter{Action: action, Outcome: audit.Done})
	m.must(err)
	return n
}

var retire = changes.Change{Action: access.SiteRetire, Sites: []int64{1}}

// Of several who decide at once, one decides, the change is made once or not at all, and the audit log tells of one decision.
func TestOneDecides(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m := newTeam(t, db)
		asker, all := m.admin("ann"), []access.Actor{m.admin("bo"), m.admin("cy"), m.admin("di")}
		ctx := context.WithoutCancel(t.Context())
		for round := range 5 {
			id := m.requests(asker, changes.Change{Action: access.SiteTag, Sites: []int64{1}, Tag: fmt.Sprint("t", round)}).ID
			var errs [5]error
			var group sync.WaitGroup
			for i, do := range []func() error{
				func() error { _, err := m.changes.Approve(ctx, all[0], id); return err },
				func() error { _, err := m.changes.Approve(ctx, all[1], id); return err },
				func() error { return m.changes.Decline(ctx, all[2], id) },
				func() error { return m.changes.Decline(ctx, all[0], id) },
				func() error { return m.changes.Withdraw(ctx, asker, id) },
			} {
				group.Go(func() { errs[i] = do() })
			}
			group.Wait()
			decided := 0
			for _, err := range errs {
				switch {
				case err == nil:
					decided++
				case !errors.Is(err, changes.ErrOver) && !errors.Is(err, changes.ErrChangedSince):
					t.Error(err)
				}
			}
			p, err := m.changes.Pending(ctx, asker, id)
			m.must(err)
			s, err := m.registry.Site(ctx, shell, 1)
			m.must(err)
			if done := strings.Contains(fmt.Sprint(s.Tags), fmt.Sprint("t", round)); decided != 1 || done != (p.State == changes.Done) || p.State == changes.Waiting {
				t.Errorf("%d decided, it is %s, and the site has the tags %v", decided, p.State, s.Tags)
			}
		}
		if n := m.entries(access.ChangeApprove) + m.entries(access.ChangeDecline) + m.entries(access.ChangeWithdraw); n != 5 {
			t.Errorf("%d entries of five decisions", n)
		}
	})
}

// An approval that comes after a colleague's made no change, whatever the moment, and says so.
func TestOneApproves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m := newTeam(t, db)
		asker, all := m.admin("ann"), []access.Actor{m.admin("bo"), m.admin("cy"), m.admin("di"), m.admin("ed")}
		ctx := context.WithoutCancel(t.Context())
		for round := range 30 {
			id := m.requests(asker, changes.Change{Action: access.SiteTag, Sites: []int64{1}, Tag: fmt.Sprint("t", round)}).ID
			errs := make([]error, len(all))
			var group sync.WaitGroup
			for i, by := range all {
				group.Go(func() { _, errs[i] = m.changes.Approve(ctx, by, id) })
			}
			group.Wait()
			approved := 0
			for _, err := range errs {
				switch {
				case err == nil:
					approved++
				case !errors.Is(err, changes.ErrOver) && !errors.Is(err, changes.ErrChangedSince):
					t.Error(err)
				}
			}
			if approved != 1 {
				t.Errorf("round %d: %d approved: %v", round, approved, errs)
			}
		}
	})
}

func TestWhoMayDecide(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m := newTeam(t, db)
		asker, second, zulu := m.admin("ann"), m.admin("bo"), m.admin("zoe", "Zulu")
		operator := second
		operator.Role = access.Operator
		id := m.requests(asker, retire).ID
		approve := func(actor access.Actor, id int64) error {
			_, err := m.changes.Approve(t.Context(), actor, id)
			return err
		}
		for name, c := range map[string]struct{ err, want error }{
			"their own":               {approve(asker, id), access.ErrForbidden},
			"their own, declined":     {m.changes.Decline(t.Context(), asker, id), access.ErrForbidden},
			"another's, withdrawn":    {m.changes.Withdraw(t.Context(), second, id), access.ErrForbidden},
			"an operator":             {approve(operator, id), access.ErrForbidden},
			"an operator, declined":   {m.changes.Decline(t.Context(), operator, id), access.ErrForbidden},
			"out of scope":            {approve(zulu, id), changes.ErrNone},
			"out of scope, declined":  {m.changes.Decline(t.Context(), zulu, id), changes.ErrNone},
			"out of scope, withdrawn": {m.changes.Withdraw(t.Context(), zulu, id), changes.ErrNone},
			"none":                    {approve(second, 99), changes.ErrNone},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		for actor, want := range map[*access.Actor]int{&asker: 1, &second: 1, &zulu: 0} {
			if all, err := m.changes.Waiting(t.Context(), *actor); err != nil || len(all) != want {
				t.Errorf("%s is shown %d changes, %v", actor.Name, len(all), err)
			}
		}
		m.must(approve(second, id))
		for name, err := range map[string]error{"approved twice": approve(second, id), "declined then": m.changes.Decline(t.Context(), second, id),
			"withdrawn then": m.changes.Withdraw(t.Context(), asker, id)} {
			if !errors.Is(err, changes.ErrOver) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if s, err := m.registry.Site(t.Context(), shell, 1); err != nil || s.RetiredAt.IsZero() {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// A request that was not decided in a day ends by itself, once, and is told apart from one that does not exist.
func TestARequestExpires(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m := newTeam(t, db)
		asker, second := m.admin("ann"), m.admin("bo")
		id := m.requests(asker, retire).ID
		m.must(db.Gorm.Exec("UPDATE pending_changes SET expires_at = 1").Error)
		if all, err := m.changes.Waiting(t.Context(), second); err != nil || len(all) != 0 {
			t.Errorf("%d still wait, %v", len(all), err)
		}
		if _, err := m.changes.Approve(t.Context(), second, id); !errors.Is(err, changes.ErrOver) {
			t.Errorf("approved too late: %v", err)
		}
		m.must(m.changes.Expire(t.Context()))
		p, err := m.changes.Pending(t.Context(), second, id)
		if err != nil || p.State != changes.Expired || m.entries(access.ChangeDecline) != 1 {
			t.Errorf("%+v, %d entries, %v", p, m.entries(access.ChangeDecline), err)
		}
		var kept int
		if m.must(db.Gorm.Raw("SELECT coalesce(sum(length(payload)), 0) FROM pending_changes").Scan(&kept).Error); kept != 0 {
			t.Errorf("%d bytes of what was to be changed are kept", kept)
		}
		if s, err := m.registry.Site(t.Context(), shell, 1); err != nil || !s.RetiredAt.IsZero() {
			t.Errorf("%+v, %v", s, err)
		}
		if n := m.requests(asker, retire).ID; n == id {
			t.Error("the request that is over was taken up again")
		}
	})
}

// An approval is of what was shown: where the site, the asker or the second person is another by then, nothing is done.
func TestWhatChangedSinceTheRequest(t *testing.T) {
	for name, c := range map[string]struct {
		change    changes.Change
		meanwhile string
		want      error
	}{
		"the site has another name": {changes.Change{Action: access.SiteEdit, Sites: []int64{1}, Draft: sites.Draft{URL: "https://s1.example", Name: "New",
			Tags: []string{"x"}}}, "UPDATE sites SET name = 'Else' WHERE id = 1", changes.ErrChangedSince},
		"it was retired already": {retire, "UPDATE sites SET retired_at = 1 WHERE id = 1", changes.ErrChangedSince},
		"the tag is there already": {changes.Change{Action: access.SiteTag, Sites: []int64{1}, Tag: "x"},
			"INSERT INTO site_tags VALUES (1, 'x')", changes.ErrChangedSince},
		"the asker left":               {retire, "UPDATE members SET left_at = 1 WHERE name = 'ann'", access.ErrForbidden},
		"the asker is an operator now": {retire, "UPDATE members SET role = 'operator' WHERE name = 'ann'", access.ErrForbidden},
		"the asker may see less":       {retire, `UPDATE members SET bound = '{"clients":["Zulu"]}' WHERE name = 'ann'`, sites.ErrNoSite},
		"the second person left":       {retire, "UPDATE members SET left_at = 1 WHERE name = 'bo'", access.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				m := newTeam(t, db)
				asker, second := m.admin("ann"), m.admin("bo")
				id := m.requests(asker, c.change).ID
				m.must(db.Gorm.Exec(c.meanwhile).Error)
				before, err := m.registry.Select(t.Context(), shell, sites.Selection{All: true})
				m.must(err)
				if _, err := m.changes.Approve(t.Context(), second, id); !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
				after, err := m.registry.Select(t.Context(), shell, sites.Selection{All: true})
				if err != nil || fmt.Sprint(after) != fmt.Sprint(before) || m.entries(access.ChangeApprove) != 0 {
					t.Errorf("something was done: %+v, %d approvals, %v", after, m.entries(access.ChangeApprove), err)
				}
			})
		})
	}
}

// What a request keeps is sealed for it, opens after a rotation of keys, and not as another's.
func TestWhatARequestKeeps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m := newTeam(t, db)
		asker, second := m.admin("ann"), m.admin("bo")
		draft := sites.Draft{URL: "https://new.example", Name: "日本 \"x\"", Client: "Acme", Tags: []string{"a"},
			Username: "mallory", Password: vault.NewSecret(secret)}
		p := m.requests(asker, changes.Change{Action: access.SiteAdd, Draft: draft})
		if text := fmt.Sprintf("%+v %s", p, p.Detail); strings.Contains(text, "EFGH") || p.Subject != "" || p.Actor.Name != "ann" || p.State != changes.Waiting {
			t.Errorf("what is shown of it: %s", text)
		}
		other := m.requests(asker, retire)
		m.must(db.Gorm.Exec("UPDATE pending_changes SET payload = (SELECT payload FROM pending_changes WHERE id = ?) WHERE id = ?", p.ID, other.ID).Error)
		if _, err := m.changes.Approve(t.Context(), second, other.ID); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("another request's payload: %v", err)
		}
		m.must(m.changes.Withdraw(t.Context(), asker, other.ID))
		if n, err := changes.CountSealed(t.Context(), db); n != 1 || err != nil {
			t.Errorf("%d are sealed, %v", n, err)
		}
		old := m.vault.Primary()
		m.must(m.vault.Rotate())
		if _, err := m.changes.RotateKeys(t.Context(), asker); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("an admin rotates: %v", err)
		}
		for _, want := range []int64{1, 0} {
			if n, err := changes.CountSealedByOthers(t.Context(), db, m.vault.Primary()); n != want || err != nil {
				t.Errorf("%d are sealed by others, want %d, %v", n, want, err)
			}
			if n, err := m.changes.RotateKeys(t.Context(), shell); int64(n) != want || err != nil {
				t.Errorf("rotated %d, want %d, %v", n, want, err)
			}
		}
		if n, err := changes.CountSealedByOthers(t.Context(), db, old); n != 1 || err != nil {
			t.Errorf("%d are not sealed by the old key, %v", n, err)
		}
		_, err := m.changes.Approve(t.Context(), second, p.ID)
		m.must(err)
		s, err := m.registry.ByHome(t.Context(), shell, "new.example")
		if err != nil || s.Name != draft.Name || s.Credential.Username != "mallory" || s.Credential.CreatedBy != "ann" {
			t.Errorf("%+v, %v", s, err)
		}
		if _, err := m.registry.Dial(t.Context(), s); err != nil {
			t.Errorf("its credential: %v", err)
		}
	})
}
