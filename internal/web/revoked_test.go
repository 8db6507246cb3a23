package web_test

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// noAddr is the address of nobody.
var noAddr netip.Addr

// changesNothing are the routes that take a form and change nothing that is kept, or only the sign-in under way.
var changesNothing = map[string]bool{
	"POST /run/preview": true, "POST /endpoints/form": true, "POST /operations/new": true, "POST /audit/verify": true, "POST /second-step": true,
	"POST /second-step/options": true,
	"POST /confirm":             true, "POST /confirm/options": true, "POST /settings/second-factor/passkey/options": true, "POST /api/v1/runs/preview": true,
	"POST /settings/second-factor/passkey": true, // needs a browser; members.TestRevokedActors has it
}

// change is a request that changes something.
type change struct {
	path string
	body string
}

// gateServer is a house in which every route that changes something has something to change.
type gateServer struct {
	*testServer
	run, requests int64
}

func newGateServer(t *testing.T, db *database.DB) gateServer {
	t.Helper()
	h := gateServer{testServer: newTestServerOn(t, db, wptest.Site{}, wptest.Site{}, wptest.Site{Host: "moving.example", Fault: wptest.RedirectWWW},
		wptest.Site{})}
	for i := range 3 {
		d := sites.Draft{URL: h.fake.URL(i), Client: "Acme", Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword)}
		if _, err := h.registry.Add(t.Context(), shell, d); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.roster.Add(t.Context(), shell, members.Member{Email: "other@agency.example", Name: "Other", Role: access.Operator},
		vault.NewSecret(password)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.roster.Add(t.Context(), shell, members.Member{Email: "head@agency.example", Name: "Head", Role: access.Owner},
		vault.NewSecret(password)); err != nil {
		t.Fatal(err)
	}
	return h
}

func encoded(pairs ...string) string {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return form.Encode()
}

// asks makes a request for the route that would change something, and the things that it names.
func (h gateServer) asks(t *testing.T, route string, m members.Member, session int64) change {
	t.Helper()
	ctx := t.Context()
	h.must(t, h.registry.Restore(ctx, shell, 1))
	switch route {
	case "POST /sites":
		return change{"/sites", encoded("url", h.fake.URL(3), "username", "u", "application_password", "a b c d")}
	case "POST /sites/import":
		return change{"/sites/import", encoded("csv", fmt.Sprintf("url,username,application_password\nhttps://new%d.example,u,a b c d\n", m.ID))}
	case "POST /sites/check", "POST /sites/retire":
		return change{strings.TrimPrefix(route, "POST "), encoded("site", "1")}
	case "POST /sites/tag":
		return change{"/sites/tag", encoded("site", "1", "new_tag", "gate-"+fmt.Sprint(m.ID))}
	case "POST /sites/restore", "POST /sites/:id/restore":
		h.must(t, h.registry.Retire(ctx, shell, 1))
		return change{strings.Replace(strings.TrimPrefix(route, "POST "), ":id", "1", 1), encoded("site", "1")}
	case "POST /sites/:id":
		return change{"/sites/1", encoded("url", h.fake.URL(0), "name", "Renamed "+time.Now().String(), "client", "Acme")}
	case "POST /sites/:id/credential":
		return change{"/sites/1/credential", encoded("username", "other", "application_password", "a b c d")}
	case "POST /sites/:id/check", "POST /sites/:id/retire":
		return change{strings.Replace(strings.TrimPrefix(route, "POST "), ":id", "1", 1), ""}
	case "POST /operations":
		return change{"/operations", encoded("name", "new "+fmt.Sprint(m.ID), "method", "GET", "path", "/x")}
	case "POST /operations/import":
		var text = `{"format":"drover-operations-1","operations":[{"name":"imported ` + fmt.Sprint(m.ID) + `","method":"GET","path":"/x"}]}`
		return change{"/operations/import", "multipart:operations.json:" + text}
	case "POST /operations/:id", "POST /operations/:id/remove":
		o, err := saved.New(h.db, h.log).Save(ctx, shell, saved.Definition{Name: fmt.Sprintf("mine %d %d", m.ID, time.Now().UnixNano()), Method: "GET", Path: "/x"})
		h.must(t, err)
		return change{strings.Replace(strings.TrimPrefix(route, "POST "), ":id", fmt.Sprint(o.ID), 1), encoded("name", o.Name+"!", "method", "GET", "path", "/y")}
	case "POST /runs":
		return change{"/runs", encoded("operation", "status", "site", "1")}
	case "POST /runs/:id/rerun", "POST /runs/:id/cancel", "POST /runs/:id/approve", "POST /runs/:id/decline", "POST /runs/:id/redirects", "POST /sites/:id/url":
		return h.asksRun(t, route)
	case "POST /changes/:id/approve", "POST /changes/:id/decline", "POST /changes/:id/withdraw":
		return h.asksChange(t, route, m)
	case "POST /audit/views":
		return change{"/audit/views", encoded("name", "view "+fmt.Sprint(m.ID), "query", "action=run.start")}
	case "POST /audit/views/:id/remove":
		h.must(t, h.log.SaveView(ctx, m.Actor(noAddr), "mine", "action=run.start"))
		views, err := h.log.Views(ctx, m.Actor(noAddr))
		h.must(t, err)
		return change{fmt.Sprintf("/audit/views/%d/remove", views[0].ID), ""}
	case "POST /audit/checkpoint":
		return change{"/audit/checkpoint", ""}
	}
	return h.asksMember(t, route, m, session)
}

// asksRun makes a run in the state that the route needs.
func (h gateServer) asksRun(t *testing.T, route string) change {
	t.Helper()
	ctx, site := t.Context(), int64(1)
	switch route {
	case "POST /runs/:id/cancel", "POST /runs/:id/approve", "POST /runs/:id/decline":
		head, err := h.roster.ByEmail(ctx, "head@agency.example")
		h.must(t, err)
		h.must(t, h.runner.SetPolicy(ctx, shell, runs.Policy{Effects: []operation.Effect{operation.Change}}))
		run, err := h.runner.Start(ctx, head.Actor(noAddr), runs.Spec{Operation: "clear-opcache", Selection: sites.Selection{IDs: []int64{site}}})
		h.must(t, err)
		h.must(t, h.runner.SetPolicy(ctx, shell, runs.Policy{}))
		return change{strings.Replace(strings.TrimPrefix(route, "POST "), ":id", fmt.Sprint(run.ID), 1), ""}
	case "POST /runs/:id/redirects", "POST /sites/:id/url":
		site = 3
		_, err := h.registry.Edit(ctx, shell, site, sites.Draft{URL: h.fake.URL(2), Client: "Acme"})
		h.must(t, err)
	}
	run, err := h.runner.Start(ctx, shell, runs.Spec{Operation: "status", Selection: sites.Selection{IDs: []int64{site}}})
	h.must(t, err)
	h.ended(t, run.ID)
	if route == "POST /sites/:id/url" {
		targets, _, err := h.runner.Targets(ctx, access.System(), runs.TargetFilter{Run: run.ID})
		h.must(t, err)
		return change{"/sites/3/url", encoded("run", fmt.Sprint(run.ID), "target", fmt.Sprint(targets[0].ID))}
	}
	return change{strings.Replace(strings.TrimPrefix(route, "POST "), ":id", fmt.Sprint(run.ID), 1), ""}
}

func (h gateServer) asksMember(t *testing.T, route string, m members.Member, session int64) change {
	t.Helper()
	ctx := t.Context()
	other, err := h.roster.ByEmail(ctx, "other@agency.example")
	if errors.Is(err, members.ErrNoMember) { // another route has removed them
		other, err = h.roster.Add(ctx, shell, members.Member{Email: "other@agency.example", Name: "Other", Role: access.Operator}, vault.NewSecret(password))
	}
	h.must(t, err)
	path := strings.TrimPrefix(route, "POST ")
	switch route {
	case "POST /team/invite":
		return change{path, encoded("email", fmt.Sprintf("guest%d@agency.example", time.Now().UnixNano()), "role", "viewer")}
	case "POST /team/second-factor":
		return change{path, encoded("required", "no")}
	case "POST /team/approval":
		return change{path, encoded("client", "C"+fmt.Sprint(time.Now().UnixNano()))}
	case "POST /team/:id/role":
		role := access.Viewer
		if other.Role == role {
			role = access.Operator
		}
		return change{fmt.Sprintf("/team/%d/role", other.ID), encoded("role", string(role))}
	case "POST /team/:id/access":
		return change{fmt.Sprintf("/team/%d/access", other.ID), encoded("sites", "some", "client", "C"+fmt.Sprint(time.Now().UnixNano()))}
	case "POST /team/:id/reset", "POST /team/:id/sign-out", "POST /team/:id/remove":
		return change{strings.Replace(path, ":id", fmt.Sprint(other.ID), 1), ""}
	case "POST /settings/second-factor/app":
		return change{path, ""}
	case "POST /settings/second-factor/app/:id", "POST /settings/second-factor/codes", "POST /settings/factors/:id/name", "POST /settings/factors/:id/remove":
		return h.asksFactor(t, route, m)
	case "POST /settings/tokens":
		return change{path, encoded("name", "t", "role", "viewer", "days", "7")}
	case "POST /tokens/:id/revoke":
		_, err := h.roster.MakeToken(ctx, m.Actor(noAddr), members.Token{Name: "gone", Role: access.Viewer, ExpiresAt: time.Now().Add(time.Hour)})
		h.must(t, err)
		tokens, err := h.roster.Tokens(ctx, m.ID)
		h.must(t, err)
		return change{fmt.Sprintf("/tokens/%d/revoke", tokens[0].ID), ""}
	case "POST /settings/name":
		return change{path, encoded("name", "Named "+fmt.Sprint(time.Now().UnixNano()))}
	case "POST /settings/password":
		return change{path, encoded("old", password, "password", "another four words here")}
	case "POST /settings/sessions/:id/revoke":
		return change{fmt.Sprintf("/settings/sessions/%d/revoke", session), ""}
	case "POST /sign-out", "POST /sign-out-everywhere":
		return change{path, ""}
	case "POST /api/v1/runs":
		return change{path, `{"operation":"status","selection":{"ids":[1]}}`}
	case "POST /api/v1/runs/:id/cancel":
		requested := h.asksRun(t, "POST /runs/:id/cancel")
		return change{"/api/v1" + requested.path, ""}
	}
	t.Errorf("%s changes something and is not tried, or say that it changes nothing", route)
	return change{}
}

func (h gateServer) asksFactor(t *testing.T, route string, m members.Member) change {
	t.Helper()
	id, err := h.roster.BeginTOTP(t.Context(), m.Actor(noAddr))
	h.must(t, err)
	enrolment, err := h.roster.Enrolment(t.Context(), m, id)
	h.must(t, err)
	form := encoded("name", "phone", "code", appCode(t, enrolment.Secret.Reveal(), time.Now()))
	if route == "POST /settings/second-factor/app/:id" {
		return change{fmt.Sprintf("/settings/second-factor/app/%d", id), form}
	}
	_, err = h.roster.ConfirmTOTP(t.Context(), m.Actor(noAddr), id, "phone", appCode(t, enrolment.Secret.Reveal(), time.Now()))
	h.must(t, err)
	return change{strings.Replace(strings.TrimPrefix(route, "POST "), ":id", fmt.Sprint(id), 1), encoded("name", "tablet")}
}

func (h gateServer) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// revocations take away what a member was authenticated by, in every way there is.
var revocations = map[string]func(ctx context.Context, h gateServer, m members.Member) error{
	"removed": func(ctx context.Context, h gateServer, m members.Member) error {
		return h.roster.Remove(ctx, shell, m.ID)
	},
	"demoted": func(ctx context.Context, h gateServer, m members.Member) error {
		return h.roster.ChangeRole(ctx, shell, m.ID, access.Viewer)
	},
	"narrowed": func(ctx context.Context, h gateServer, m members.Member) error {
		return h.roster.SetAccess(ctx, shell, m.ID, access.Restriction{Clients: []string{"Acme"}})
	},
	"signed out": func(ctx context.Context, h gateServer, m members.Member) error {
		return h.roster.EndSessions(ctx, shell, m.ID)
	},
	"password reset": func(ctx context.Context, h gateServer, m members.Member) error {
		link, err := h.roster.ResetLink(ctx, shell, m.ID, false)
		if err == nil {
			_, err = h.roster.Reset(ctx, link, vault.NewSecret(password+" reset"), members.Device{})
		}
		return err
	},
	"session ended": func(ctx context.Context, h gateServer, m members.Member) error {
		all, err := h.roster.Sessions(ctx, m.ID)
		for _, s := range all {
			err = h.roster.RevokeSession(ctx, m.Actor(noAddr), s.ID)
		}
		return err
	},
	"token revoked": func(ctx context.Context, h gateServer, m members.Member) error {
		all, err := h.roster.Tokens(ctx, m.ID)
		for _, t := range all {
			err = h.roster.RevokeToken(ctx, shell, t.ID)
		}
		return err
	},
}

// unseen are the tables that tell of a request and not of a change: the audit log above all, whose refusals are wanted.
var unseen = []string{"entries", "river", "goose", "sqlite", "host_leases", "streams"}

// stored is everything that the database keeps, as text.
func (h gateServer) stored(t *testing.T) string {
	t.Helper()
	list := "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
	if h.db.Postgres() {
		list = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
	}
	var tables []string
	h.must(t, h.db.Gorm.Raw(list).Scan(&tables).Error)
	var b strings.Builder
	for _, table := range tables {
		if slices.ContainsFunc(unseen, func(prefix string) bool { return strings.HasPrefix(table, prefix) }) {
			continue
		}
		lines := h.rowsOf(t, table)
		slices.Sort(lines)
		fmt.Fprintf(&b, "%s\n%s\n", table, strings.Join(lines, "\n"))
	}
	return b.String()
}

func (h gateServer) rowsOf(t *testing.T, table string) []string {
	t.Helper()
	rows, err := h.db.SQL.QueryContext(context.Background(), "SELECT * FROM "+table)
	h.must(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	h.must(t, err)
	var lines []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		h.must(t, rows.Scan(into...))
		lines = append(lines, fmt.Sprint(values...))
	}
	h.must(t, rows.Err())
	return lines
}

// caller is somebody who asks, by a session or by a token.
type caller struct {
	person
	member  members.Member
	session int64
	token   string
}

// caller makes a member, and signs them in or makes them a token.
func (h gateServer) caller(t *testing.T, role access.Role, program bool) caller {
	t.Helper()
	ctx := t.Context()
	email := fmt.Sprintf("m%d@agency.example", time.Now().UnixNano())
	m, err := h.roster.Add(ctx, shell, members.Member{Email: email, Name: "Caller", Role: role}, vault.NewSecret(password))
	h.must(t, err)
	c := caller{person: h.public(t), member: m}
	if program {
		value, err := h.roster.MakeToken(ctx, m.Actor(noAddr), members.Token{Name: "hook", Role: access.Admin, ExpiresAt: time.Now().Add(time.Hour)})
		h.must(t, err)
		c.token = value.Reveal()
		return c
	}
	link, err := h.roster.SignInLink(ctx, shell, m.ID)
	h.must(t, err)
	if status, to := c.get("/enter/" + link.Reveal()); status != http.StatusSeeOther {
		t.Fatalf("sign in: %d %s", status, to)
	}
	all, err := h.roster.Sessions(ctx, m.ID)
	h.must(t, err)
	c.session = all[0].ID
	return c
}

// send sends the headers and some of the body, calls meanwhile, and sends the rest.
func (c caller) send(t *testing.T, requested change, meanwhile func()) (status int, page string) {
	t.Helper()
	kind, body := "application/x-www-form-urlencoded", requested.body
	if c.token != "" {
		kind = "application/json"
	}
	if rest, file := strings.CutPrefix(requested.body, "multipart:"); file {
		name, text, _ := strings.Cut(rest, ":")
		kind = "multipart/form-data; boundary=gate"
		body = "--gate\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\n" + text + "\r\n--gate--\r\n"
	}
	body = cmp.Or(body, "nothing=1")
	u, err := url.Parse(c.home)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n", requested.path, u.Host, kind, len(body))
	if c.token != "" {
		head += "Authorization: Bearer " + c.token + "\r\n"
	}
	for _, cookie := range c.Jar.Cookies(u) {
		head += "Cookie: " + cookie.Name + "=" + cookie.Value + "\r\n"
	}
	io.WriteString(conn, head+"\r\n"+body[:5])
	meanwhile()
	io.WriteString(conn, body[5:])
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

// tried are the revocations of a route: those that can happen to who may ask it.
func tried(route string) []string {
	names := []string{"removed", "demoted", "signed out", "password reset", "session ended"}
	if strings.HasPrefix(route, "POST /api/") {
		return []string{"removed", "demoted", "narrowed", "signed out", "password reset", "token revoked"}
	}
	if lowestRole[route] != access.Owner {
		names = append(names, "narrowed")
	}
	return names
}

// changingRoutes are all that change something, of people and programs.
func (h gateServer) changingRoutes() []string {
	var all []string
	for _, r := range append(h.server.Table(), h.server.API()...) {
		if name := r.Method + " " + r.Path; r.Method == http.MethodPost && !changesNothing[name] {
			all = append(all, name)
		}
	}
	return all
}

// Whatever somebody was authenticated by may go while the request arrives, or between its authentication and its transaction: nothing is
// changed then, by any route.
func TestRevokedWhileARequestIsUnderWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newGateServer(t, db)
		var revoke atomic.Pointer[func()]
		h.server.AfterAuthentication(func(string, string) {
			if f := revoke.Swap(nil); f != nil {
				(*f)()
			}
		})
		for i, route := range h.changingRoutes() {
			names := tried(route)
			for j, name := range names {
				for _, late := range []bool{true, false} {
					// Before authentication one way for each route is enough; there a lower role or scope may still allow it.
					if !late && (j != i%len(names) || name == "demoted" || name == "narrowed") || late && j != i%len(names) && (db.Postgres() || j != (i+2)%len(names)) {
						continue
					}
					h.tryRevoked(t, route, name, func(f func()) (meanwhile func()) {
						if !late {
							return f
						}
						revoke.Store(&f)
						return func() {}
					})
				}
			}
			if !t.Failed() {
				h.tryControl(t, route)
			}
		}
	})
}

func (h gateServer) tryRevoked(t *testing.T, route, name string, when func(func()) func()) {
	t.Helper()
	role := access.Owner
	if name == "narrowed" {
		role = access.Admin
	}
	c := h.caller(t, role, strings.HasPrefix(route, "POST /api/"))
	requested := h.asks(t, route, c.member, c.session)
	var before string
	meanwhile := when(func() {
		h.must(t, revocations[name](context.Background(), h, c.member))
		before = h.stored(t)
	})
	status, page := c.send(t, requested, meanwhile)
	if before == "" {
		t.Errorf("%s, %s: the handler was not reached: %d %.200s", route, name, status, page)
		return
	}
	if after := h.stored(t); after != before {
		t.Errorf("%s, %s: %d, and something was changed:\n%s", route, name, status, differing(before, after))
	}
}

// tryControl makes sure that the request does change something where nothing is revoked.
func (h gateServer) tryControl(t *testing.T, route string) {
	t.Helper()
	c := h.caller(t, access.Owner, strings.HasPrefix(route, "POST /api/"))
	requested := h.asks(t, route, c.member, c.session)
	before := h.stored(t)
	_, last, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Done})
	h.must(t, err)
	status, page := c.send(t, requested, func() {})
	h.settled(t, route, before)
	_, now, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Done})
	h.must(t, err)
	if h.stored(t) == before && now == last {
		t.Errorf("%s changes nothing at all: %d %.600s", route, status, page[max(0, strings.Index(page, "<main")):])
	}
	all, _, err := h.runner.Runs(t.Context(), access.System(), runs.Filter{})
	h.must(t, err)
	for _, r := range all {
		if !r.Ended() && r.State != runs.AwaitingApproval {
			h.ended(t, r.ID)
		}
	}
}

// settled waits for what goes on after its request.
func (h gateServer) settled(t *testing.T, route, before string) {
	t.Helper()
	if route != "POST /sites/check" {
		return
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); h.stored(t) == before && time.Now().Before(deadline); {
		<-tick.C
	}
}

// differing are the lines that one text has and the other has not.
func differing(before, after string) string {
	had := strings.Split(before, "\n")
	var b strings.Builder
	for line := range strings.Lines(after) {
		if !slices.Contains(had, strings.TrimSuffix(line, "\n")) {
			fmt.Fprintf(&b, "%.300s\n", line)
		}
	}
	return b.String()
}
