package web_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// protected is a team with one site of the protected client and one of another, and the policy on.
func protected(t *testing.T, db *database.DB) (*team, runs.Policy) {
	t.Helper()
	m := &team{testServer: newTestServerOn(t, db, wptest.Site{}, wptest.Site{}), t: t}
	for i, client := range []string{"Acme", "Zulu"} {
		_, err := m.registry.Add(t.Context(), shell, sites.Draft{URL: m.fake.URL(i), Client: client, Name: client, Username: wptest.DefaultUser,
			Password: vault.NewSecret(wptest.DefaultPassword)})
		m.must(err)
	}
	policy := runs.Policy{Clients: []string{"Acme"}}
	m.must(m.runner.SetPolicy(t.Context(), shell, policy))
	return m, policy
}

func acting(m members.Member) access.Actor { return m.Actor(netip.Addr{}) }

// state is everything that a covered change could alter.
func (m *team) state() string {
	m.t.Helper()
	var text strings.Builder
	for _, table := range []string{"SELECT home, name, client_id, retired_at FROM sites ORDER BY id", "SELECT site_id, tag FROM site_tags ORDER BY 1, 2",
		"SELECT site_id, username, created_at FROM credentials ORDER BY 1", "SELECT site_id, asked_at FROM rotations ORDER BY 1",
		"SELECT id, role, bound FROM members ORDER BY id", "SELECT kind, email, member_id FROM links ORDER BY id", "SELECT name, value FROM settings ORDER BY name"} {
		var rows []map[string]any
		m.must(m.db.Gorm.Raw(table).Scan(&rows).Error)
		fmt.Fprintln(&text, rows)
	}
	return text.String()
}

// every is one change for each covered action, on the protected site or the member.
func (m *team) every(member int64) map[string]changes.Change {
	acme := []int64{1}
	draft := func(alter func(*sites.Draft)) sites.Draft {
		d := sites.Draft{URL: m.fake.URL(0), Client: "Acme", Name: "Acme"}
		alter(&d)
		return d
	}
	return map[string]changes.Change{
		"url":                         {Action: access.SiteEdit, Sites: acme, Draft: draft(func(d *sites.Draft) { d.URL = "https://evil.example" })},
		"client":                      {Action: access.SiteEdit, Sites: acme, Draft: draft(func(d *sites.Draft) { d.Client = "" })},
		"tags":                        {Action: access.SiteEdit, Sites: acme, Draft: draft(func(d *sites.Draft) { d.Tags = []string{"new"} })},
		"move":                        {Action: access.SiteEdit, Sites: acme, From: m.fake.URL(0), Draft: sites.Draft{URL: "https://www.evil.example"}},
		"brought in":                  {Action: access.SiteEdit, Sites: []int64{2}, Draft: sites.Draft{URL: m.fake.URL(1), Client: "Acme", Name: "Zulu"}},
		"brought in as it is spelled": {Action: access.SiteEdit, Sites: []int64{2}, Draft: sites.Draft{URL: m.fake.URL(1), Client: "ＡＣＭＥ\u00a0", Name: "Zulu"}},
		"add as it is spelled": {Action: access.SiteAdd, Draft: sites.Draft{URL: fmt.Sprintf("https://spelled-%d.example", member), Client: "ac\u200bME",
			Username: "mallory", Password: vault.NewSecret("abcd EFGH 1234 ijkl MNOP 5678")}},
		"credential": {Action: access.SiteCredential, Sites: acme, Draft: sites.Draft{Username: "mallory",
			Password: vault.NewSecret("abcd EFGH 1234 ijkl MNOP 5678")}},
		"tag":     {Action: access.SiteTag, Sites: []int64{1, 2}, Tag: "bulk"},
		"rotate":  {Action: access.SiteRotate, Sites: acme},
		"retire":  {Action: access.SiteRetire, Sites: acme},
		"restore": {Action: access.SiteRestore, Sites: acme},
		"add": {Action: access.SiteAdd, Draft: sites.Draft{URL: fmt.Sprintf("https://new-%d.example", member), Client: "Acme", Username: "mallory",
			Password: vault.NewSecret("abcd EFGH 1234 ijkl MNOP 5678")}},
		"member":  {Action: access.MemberAdd, Email: m.email(), Name: "New", Role: access.Viewer, Password: vault.NewSecret(password)},
		"role":    {Action: access.MemberRole, Member: member, Role: access.Admin},
		"access":  {Action: access.MemberAccess, Member: member, Restriction: access.Restriction{Clients: []string{"Acme", "Zulu"}}},
		"reset":   {Action: access.MemberReset, Member: member, Lift: true},
		"invite":  {Action: access.MemberInvite, Email: "new@agency.example", Role: access.Viewer},
		"policy":  {Action: access.RunPolicy},
		"setting": {Action: access.SettingsChange}, "fewer confirmations": {Action: access.SettingsChange, ConfirmAbove: new(int(51 + member))},
	}
}

func (m *team) memberOf(role access.Role) members.Member {
	m.t.Helper()
	added, err := m.roster.Add(m.t.Context(), shell, members.Member{Email: m.email(), Name: "Held", Role: role,
		Restriction: access.Restriction{Clients: []string{"Acme"}}}, vault.NewSecret(password))
	m.must(err)
	return added
}

// request requests the change, which must not be made.
func (m *team) request(asker access.Actor, change changes.Change) changes.Pending {
	m.t.Helper()
	before := m.state()
	_, err := m.changes.Do(m.t.Context(), asker, change)
	requested, is := errors.AsType[*changes.Requested](err)
	if !is {
		m.t.Fatalf("%s was not stopped: %v", change.Action, err)
	}
	if m.state() != before {
		m.t.Fatalf("%s was made by one person", change.Action)
	}
	return requested.Pending
}

func (m *team) entries(f audit.Filter) int {
	m.t.Helper()
	_, n, err := m.log.Entries(m.t.Context(), access.System(), f)
	m.must(err)
	return int(n)
}

// Every covered change waits when one person asks for it, and is made once when an independent second person approves.
func TestEveryCoveredChangeNeedsTwo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m, policy := protected(t, db)
		tried := map[access.Action]bool{}
		for name, change := range m.every(0) {
			asker, second := acting(m.hired(access.Owner)), acting(m.hired(access.Owner))
			change.Member = m.memberOf(access.Operator).ID
			if change.Action == access.SiteRestore {
				m.must(m.registry.Retire(t.Context(), shell, change.Sites...))
			}
			if change.Action == access.SiteRotate { // another change may have taken the credential away
				m.must(m.registry.ReplaceCredential(t.Context(), shell, 1, wptest.DefaultUser, vault.NewSecret(wptest.DefaultPassword)))
			}
			pending := m.request(asker, change)
			tried[change.Action] = true
			if n := m.entries(audit.Filter{Action: access.ChangeRequest, Subject: access.On("change", pending.ID)}); n != 1 {
				t.Errorf("%s: %d entries of the request", name, n)
			}
			if _, err := m.changes.Approve(t.Context(), asker, pending.ID); !errors.Is(err, access.ErrForbidden) {
				t.Errorf("%s: the asker approved: %v", name, err)
			}
			before := m.state()
			link, err := m.changes.Approve(t.Context(), second, pending.ID)
			if err != nil || m.state() == before {
				t.Errorf("%s: approved: %v", name, err)
			}
			if made := change.Action == access.MemberReset || change.Action == access.MemberInvite; made != (link.Reveal() != "") {
				t.Errorf("%s: a link: %v", name, !made)
			}
			if n := m.entries(audit.Filter{Action: access.ChangeApprove, Outcome: audit.Done, Subject: access.On("change", pending.ID)}); n != 1 {
				t.Errorf("%s: %d entries of the approval", name, n)
			}
			after := m.state()
			if _, err := m.changes.Approve(t.Context(), second, pending.ID); !errors.Is(err, changes.ErrOver) || m.state() != after {
				t.Errorf("%s: approved twice: %v", name, err)
			}
			m.must(m.runner.SetPolicy(t.Context(), shell, policy))
			m.restoreSites()
		}
		for _, action := range changes.Covered() {
			if !tried[action] {
				t.Errorf("%s is covered and was not tried", action)
			}
		}
	})
}

// restoreSites puts the sites back as they were.
func (m *team) restoreSites() {
	m.t.Helper()
	for i, client := range []string{"Acme", "Zulu"} {
		id := int64(i + 1)
		m.must(m.registry.Restore(m.t.Context(), shell, id))
		_, err := m.registry.Edit(m.t.Context(), shell, id, sites.Draft{URL: m.fake.URL(i), Client: client, Name: client})
		m.must(err)
	}
}

// Whoever calls a part without asking for an approval is refused in the transaction.
func TestTheGateRefusesWhatNobodyApproved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m, _ := protected(t, db)
		member := m.memberOf(access.Operator).ID
		m.must(m.registry.Retire(t.Context(), shell, 1))
		owner := acting(m.hired(access.Owner))
		before := m.state()
		for name, err := range map[string]error{
			"restore": m.registry.Restore(t.Context(), owner, 1),
			"role":    m.roster.ChangeRole(t.Context(), owner, member, access.Admin),
			"policy":  m.runner.SetPolicy(t.Context(), owner, runs.Policy{}),
			"add": func() error {
				_, err := m.roster.Add(t.Context(), owner, members.Member{Email: m.email(), Name: "New", Role: access.Viewer}, vault.NewSecret(password))
				return err
			}(),
		} {
			if !errors.Is(err, access.ErrNeedsApproval) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if m.state() != before {
			t.Error("something was made")
		}
	})
}

// What only tightens, and what concerns no protected site, is made at once.
func TestTighteningDoesNotWait(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m, _ := protected(t, db)
		owner := acting(m.hired(access.Owner))
		other := m.hired(access.Admin)
		for name, change := range map[string]changes.Change{
			"lower":       {Action: access.MemberRole, Member: other.ID, Role: access.Operator},
			"narrow":      {Action: access.MemberAccess, Member: other.ID, Restriction: access.Restriction{Clients: []string{"Acme"}}},
			"more policy": {Action: access.RunPolicy, Policy: runs.Policy{Clients: []string{"Acme", "Zulu"}}}, "a duty": {Action: access.SettingsChange, Required: true},
			"more confirmations": {Action: access.SettingsChange, ConfirmAbove: new(5)},
			"a name":             {Action: access.SiteEdit, Sites: []int64{1}, Draft: sites.Draft{URL: m.fake.URL(0), Client: "Acme", Name: "Another"}},
		} {
			if _, err := m.changes.Do(t.Context(), owner, change); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		m.must(m.runner.SetPolicy(t.Context(), shell, runs.Policy{Clients: []string{"Acme"}}))
		_, err := m.changes.Do(t.Context(), owner, changes.Change{Action: access.SiteTag, Sites: []int64{2}, Tag: "free"})
		m.must(err)
		m.must(m.roster.EndSessions(t.Context(), owner, other.ID))
		m.must(m.roster.Remove(t.Context(), owner, other.ID))
	})
}

// An approval that must not count changes nothing.
func TestApprovalsOfChangesThatDoNotCount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m, policy := protected(t, db)
		for name, c := range map[string]struct {
			meanwhile func(asker members.Member, id int64) access.Actor // returns who approves
			want      error
		}{
			"whom the asker invited": {func(asker members.Member, _ int64) access.Actor {
				m.must(m.runner.SetPolicy(t.Context(), shell, runs.Policy{}))
				guest := m.invited(asker)
				m.must(m.runner.SetPolicy(t.Context(), shell, policy))
				return acting(guest)
			}, changes.ErrNotIndependent},
			"after its time": {func(_ members.Member, id int64) access.Actor {
				m.must(db.Gorm.Exec("UPDATE pending_changes SET expires_at = ? WHERE id = ?", time.Now().Add(-time.Millisecond).UnixMicro(), id).Error)
				return acting(m.hired(access.Admin))
			}, changes.ErrOver},
			"the asker was removed": {func(asker members.Member, _ int64) access.Actor {
				m.must(m.roster.Remove(t.Context(), shell, asker.ID))
				return acting(m.hired(access.Admin))
			}, access.ErrForbidden},
			"the asker was demoted": {func(asker members.Member, _ int64) access.Actor {
				m.must(m.roster.ChangeRole(t.Context(), shell, asker.ID, access.Operator))
				return acting(m.hired(access.Admin))
			}, access.ErrForbidden},
			"an operator": {func(members.Member, int64) access.Actor { return acting(m.hired(access.Operator)) }, access.ErrForbidden},
			"beyond scope": {func(members.Member, int64) access.Actor {
				added, err := m.roster.Add(t.Context(), shell, members.Member{Email: m.email(), Name: "Zulu's", Role: access.Admin,
					Restriction: access.Restriction{Clients: []string{"Zulu"}}}, vault.NewSecret(password))
				m.must(err)
				return acting(added)
			}, changes.ErrNone},
			"withdrawn": {func(asker members.Member, id int64) access.Actor {
				m.must(m.changes.Withdraw(t.Context(), acting(asker), id))
				return acting(m.hired(access.Admin))
			}, changes.ErrOver},
			"declined": {func(_ members.Member, id int64) access.Actor {
				second := acting(m.hired(access.Admin))
				m.must(m.changes.Decline(t.Context(), second, id))
				return second
			}, changes.ErrOver},
			"the site changed meanwhile": {func(members.Member, int64) access.Actor {
				_, err := m.registry.Edit(t.Context(), shell, 1, sites.Draft{URL: m.fake.URL(0), Client: "Acme", Name: "Acme", Tags: []string{m.email()[:2]}})
				m.must(err)
				return acting(m.hired(access.Admin))
			}, changes.ErrChangedSince},
			"the policy was lifted, and nobody may decide alone": {func(asker members.Member, _ int64) access.Actor {
				m.must(m.runner.SetPolicy(t.Context(), shell, runs.Policy{}))
				return acting(asker)
			}, access.ErrForbidden},
		} {
			m.must(m.runner.SetPolicy(t.Context(), shell, policy))
			m.restoreSites()
			asker := m.hired(access.Admin)
			pending := m.request(acting(asker), m.every(0)["url"])
			second := c.meanwhile(asker, pending.ID)
			before := m.state()
			if _, err := m.changes.Approve(t.Context(), second, pending.ID); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
			if m.state() != before {
				t.Errorf("%s: the change was made", name)
			}
		}
	})
}

// The password of a change that waits is sealed for it, is in no entry, and goes with the decision.
func TestASecretThatWaitsIsSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m, _ := protected(t, db)
		pending := m.request(acting(m.hired(access.Admin)), m.every(0)["credential"])
		payload := func() []byte {
			var found [][]byte
			m.must(db.Gorm.Raw("SELECT payload FROM pending_changes WHERE id = ?", pending.ID).Scan(&found).Error)
			if len(found) == 0 {
				return nil
			}
			return found[0]
		}
		if sealed := payload(); len(sealed) < 100 || bytes.Contains(sealed, []byte("MNOP")) {
			t.Errorf("%d bytes, or in the clear", len(sealed))
		}
		var rows []map[string]any
		m.must(db.Gorm.Raw("SELECT detail FROM entries UNION ALL SELECT detail FROM pending_changes UNION ALL SELECT event FROM pending_changes").Scan(&rows).Error)
		if text := fmt.Sprint(rows); strings.Contains(text, "MNOP") || !strings.Contains(text, "mallory") {
			t.Error("the password is told, or the user name is not")
		}
		_, err := m.changes.Approve(t.Context(), acting(m.hired(access.Admin)), pending.ID)
		m.must(err)
		if left := payload(); len(left) != 0 {
			t.Errorf("%d bytes are left", len(left))
		}
	})
}

// In a browser: the form leads to the request, home shows it, a second admin makes it; an import cannot write over a protected site.
func TestTwoPeopleInTheBrowser(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		m, _ := protected(t, db)
		asker, second := m.signIn(t, access.Admin), m.signIn(t, access.Owner)
		status, to := asker.post("/sites/1", url.Values{"url": {m.fake.URL(0)}, "name": {"Acme"}, "client": {"Other"}})
		if status != http.StatusSeeOther || to != "/changes/1" {
			t.Fatalf("%d %.300s", status, to)
		}
		if _, page := asker.get(to); !strings.Contains(page, "Withdraw the request") || !strings.Contains(page, "Other") || strings.Contains(page, "/approve") {
			t.Errorf("the asker's page: %.2000s", page)
		}
		for _, path := range []string{"/", "/changes", "/changes/1"} {
			if _, page := second.get(path); !strings.Contains(page, "/changes/1") {
				t.Errorf("%s does not show it", path)
			}
		}
		if status, to := second.post("/changes/1/approve", nil); status != http.StatusSeeOther || to != "/changes/1" {
			t.Errorf("approve: %d %.500s", status, to)
		}
		if s, err := m.registry.Site(t.Context(), access.System(), 1); err != nil || s.Client != "Other" {
			t.Errorf("%q, %v", s.Client, err)
		}
		m.restoreSites()
		before := m.state()
		status, to = asker.post("/sites", url.Values{"url": {"https://new.example"}, "client": {"Acme"}, "username": {"u"}, "application_password": {"abcd efgh"}})
		if status != http.StatusSeeOther || to != "/changes/2" || m.state() != before {
			t.Errorf("a new site of a protected client: %d %.300s", status, to)
		}
		csv := "url,username,application_password,client\nhttps://other.example,u,abcd efgh,Acme\n"
		if _, page := asker.post("/sites/import", url.Values{"csv": {csv}}); !strings.Contains(page, "This client is protected") || m.state() != before {
			t.Errorf("import of a new site: %.2000s", page)
		}
		csv = "url,username,application_password,client\n" + m.fake.URL(0) + ",mallory,abcd efgh,Zulu\n" + m.fake.URL(1) + ",zoe,abcd efgh,Zulu\n"
		if _, page := asker.post("/sites/import", url.Values{"csv": {csv}}); !strings.Contains(page, "protected by the approval policy") {
			t.Errorf("import: %.2000s", page)
		}
		for id, want := range map[int64]string{1: wptest.DefaultUser, 2: "zoe"} {
			if s, err := m.registry.Site(t.Context(), access.System(), id); err != nil || s.Credential.Username != want {
				t.Errorf("site %d: %s, %v", id, s.Credential.Username, err)
			}
		}
	})
}

// With a policy for every destructive run, every site is protected.
func TestAPolicyForAllProtectsEverySite(t *testing.T) {
	t.Parallel()
	m, _ := protected(t, dbtest.SQLite(t))
	m.must(m.runner.SetPolicy(t.Context(), shell, runs.Policy{Effects: []operation.Effect{operation.Destroy}}))
	m.request(acting(m.hired(access.Admin)), changes.Change{Action: access.SiteRetire, Sites: []int64{2}})
}

// asksChange makes a change that waits: the member's own where it is to be withdrawn, else another's.
func (h gateServer) asksChange(t *testing.T, route string, m members.Member) change {
	t.Helper()
	if route != "POST /changes/:id/withdraw" {
		head, err := h.roster.ByEmail(t.Context(), "head@agency.example")
		h.must(t, err)
		m = head
	}
	h.must(t, h.runner.SetPolicy(t.Context(), shell, runs.Policy{Clients: []string{"Acme"}}))
	_, err := h.changes.Do(t.Context(), acting(m), changes.Change{Action: access.SiteTag, Sites: []int64{1}, Tag: strings.ToLower(rand.Text())})
	h.must(t, h.runner.SetPolicy(t.Context(), shell, runs.Policy{}))
	requested, is := errors.AsType[*changes.Requested](err)
	if !is {
		t.Fatalf("the change does not wait: %v", err)
	}
	return change{strings.Replace(strings.TrimPrefix(route, "POST "), ":id", fmt.Sprint(requested.Pending.ID), 1), ""}
}
