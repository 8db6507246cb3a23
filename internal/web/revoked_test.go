package web_test

import (
	"bufio"
	"cmp"
	"context"
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
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// noAddr is the address of nobody.
var noAddr netip.Addr

// gateServer is a house in which every route that changes something has something to change.
type gateServer struct {
	*testServer
	dashboard *wptest.MainWP // of the last site
}

func newGateServer(t *testing.T, db *database.DB) gateServer {
	t.Helper()
	dashboard := &wptest.MainWP{}
	h := gateServer{testServer: newTestServerOn(t, db, wptest.Site{}, wptest.Site{}, wptest.Site{Host: "moving.example", Fault: wptest.RedirectWWW},
		wptest.Site{MainWP: dashboard}), dashboard: dashboard}
	for i := range 3 {
		d := sites.Draft{URL: h.fake.URL(i), Client: "Acme", Username: wptest.DefaultUser, Password: vault.NewSecret(h.fake.Password(i))}
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
var unseen = []string{"connect_app", "entries", "river", "goose", "sqlite", "host_leases", "streams"}

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
	if testing.Short() {
		t.Skip("tries every route that changes something, in several ways")
	}
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
	h.server.WaitForChecks()
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
	h.server.WaitForChecks()
	_, now, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Done})
	h.must(t, err)
	if h.stored(t) == before && now == last {
		t.Errorf("%s changes nothing at all: %d %.600s", route, status, page[max(0, strings.Index(page, "<main")):])
	}
	all, _, err := h.runner.Runs(t.Context(), access.System(), runs.Filter{})
	h.must(t, err)
	for _, r := range all {
		if !r.Ended() && r.State != runs.AwaitingApproval && r.StartsAt.IsZero() {
			h.ended(t, r.ID)
		}
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
