package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// Somebody who asks without end is told when to come back, and fills no log; others go on.
func TestRequestsAreBoundedByRate(t *testing.T) {
	t.Parallel()
	h := newTestServerRated(t, dbtest.SQLite(t), web.Rates{Member: 0.01, MemberBurst: 40, Address: 1e6, AddressBurst: 1e6}, wptest.Site{})
	h.addSites(t)
	viewer, admin := h.signIn(t, access.Viewer), h.signIn(t, access.Admin)
	limited := 0
	for i := range 200 {
		answer, err := viewer.Do(viewer.request(http.MethodPost, fmt.Sprintf("/sites/%d/retire", i+1), nil))
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode == http.StatusTooManyRequests {
			limited++
			if wait, err := strconv.Atoi(answer.Header.Get("Retry-After")); err != nil || wait < 1 {
				t.Fatalf("Retry-After: %q", answer.Header.Get("Retry-After"))
			}
		}
	}
	if limited < 150 {
		t.Errorf("%d of 200 requests were put off", limited)
	}
	if _, n, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Refused}); n > 100 || err != nil {
		t.Errorf("%d refusals are recorded, %v", n, err)
	}
	if status, _ := admin.get("/sites"); status != http.StatusOK {
		t.Errorf("another member: %d", status)
	}
	if status, _ := viewer.get("/static/none.css"); status != http.StatusNotFound {
		t.Errorf("a built file: %d", status)
	}
}

// An address is bounded before anybody is authenticated.
func TestAddressesAreBoundedByRate(t *testing.T) {
	t.Parallel()
	h := newTestServerRated(t, dbtest.SQLite(t), web.Rates{Member: 1e6, MemberBurst: 1e6, Address: 1, AddressBurst: 20})
	limited := 0
	for range 60 {
		if status, _ := h.public(t).post("/sign-in", url.Values{"email": {"nobody@agency.example"}, "password": {""}}); status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 30 {
		t.Errorf("%d of 60 were put off", limited)
	}
}

// A refusal at the route names its subject, so that a site's own log shows it.
func TestRefusalsAtTheRouteNameTheirSubject(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	viewer := h.signIn(t, access.Viewer)
	for path, subject := range map[string]access.Subject{
		"/sites/1/retire": "site:1", "/sites/1/credential": "site:1", "/runs/7/cancel": "run:7", "/operations/3/remove": "operation:3", "/team/9/role": "member:9",
		"/sites/tag": "/sites/tag",
	} {
		if status, _ := viewer.post(path, nil); status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
		if _, n, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Refused, Subject: subject}); n == 0 || err != nil {
			t.Errorf("%s: %d refusals about %s, %v", path, n, subject, err)
		}
	}
	if _, n, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Refused, Site: 1}); n != 2 || err != nil {
		t.Errorf("the site's own log shows %d, %v", n, err)
	}
}

// A body that never ends is given up, and nothing happens.
func TestSlowBodies(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	h.server.SetBodyTime(300 * time.Millisecond)
	admin := h.signIn(t, access.Admin)
	u, err := url.Parse(h.home)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head := "POST /sites/1/retire HTTP/1.1\r\nHost: " + u.Host + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n"
	for _, cookie := range admin.Jar.Cookies(u) {
		head += "Cookie: " + cookie.Name + "=" + cookie.Value + "\r\n"
	}
	io.WriteString(conn, head+"\r\na=1")
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || answer.StatusCode != http.StatusRequestTimeout {
		t.Fatalf("%v, %v", answer, err)
	}
	if s, err := h.registry.Site(t.Context(), access.System(), 1); err != nil || !s.RetiredAt.IsZero() {
		t.Errorf("retired at %s, %v", s.RetiredAt, err)
	}
	if _, page := admin.get("/sites"); !strings.Contains(page, "example") {
		t.Error("the member's next request fails")
	}
}
