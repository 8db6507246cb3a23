package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// lowestRole is the least role that a route lets in. Every route has its line: a new one without fails the test.
var lowestRole = map[string]access.Role{
	"GET /settings/retention": access.Admin, "POST /settings/retention": access.Admin, "GET /help": access.Viewer, "GET /help/:page": access.Viewer,
	"GET /": access.Viewer, "GET /search": access.Viewer, "GET /command": access.Viewer,
	"POST /team/invitations/:id/revoke": access.Admin, "GET /operations/new": access.Operator,
	"GET /sites": access.Viewer, "GET /sites/:id": access.Viewer, "GET /runs": access.Viewer,
	"GET /runs/:id": access.Viewer, "GET /runs/:id/stream": access.Viewer, "GET /runs/:id/targets": access.Viewer, "GET /runs/:id/targets/:target": access.Viewer,
	"GET /runs/:id/export.csv": access.Viewer, "GET /runs/:id/report": access.Viewer, "GET /runs/:id/export.json": access.Viewer, "GET /audit": access.Viewer,
	"GET /audit/:seq":       access.Viewer,
	"GET /audit/export.csv": access.Viewer, "GET /audit/export.jsonl": access.Viewer, "GET /audit/print": access.Viewer, "POST /audit/views": access.Viewer,
	"POST /audit/views/:id/remove": access.Viewer, "POST /audit/verify": access.Viewer, "POST /audit/checkpoint": access.Admin, "GET /team": access.Viewer,
	"GET /settings": access.Viewer, "POST /settings/name": access.Viewer,
	"POST /settings/password": access.Viewer, "POST /settings/sessions/:id/revoke": access.Viewer,

	"GET /team/:id": access.Viewer, "POST /team/:id/access": access.Admin, "GET /settings/tokens": access.Viewer, "POST /settings/tokens": access.Viewer,
	"POST /tokens/:id/revoke": access.Viewer,

	"GET /settings/second-factor": access.Viewer, "POST /settings/second-factor/app": access.Viewer, "GET /settings/second-factor/app/:id": access.Viewer,
	"POST /settings/second-factor/app/:id": access.Viewer, "POST /settings/second-factor/passkey/options": access.Viewer,
	"POST /settings/second-factor/passkey": access.Viewer,
	"POST /settings/second-factor/codes":   access.Viewer, "POST /settings/factors/:id/name": access.Viewer, "POST /settings/factors/:id/remove": access.Viewer,
	"GET /second-step": access.Viewer, "POST /second-step": access.Viewer, "POST /second-step/options": access.Viewer, "GET /confirm": access.Viewer,
	"POST /confirm": access.Viewer, "POST /confirm/options": access.Viewer, "GET /confirm/provider": access.Viewer, "POST /team/second-factor": access.Admin,
	"POST /team/:id/reset": access.Admin, "POST /team/:id/sign-out": access.Admin,

	"GET /runs/:id/answers": access.Viewer, "GET /runs/:id/answers.csv": access.Viewer, "GET /runs/:id/answers.json": access.Viewer,
	"GET /runs/:id/answers.jsonl": access.Viewer,
	"GET /runs/:id/compare":       access.Viewer,

	"GET /endpoints": access.Operator, "GET /endpoints/form": access.Operator, "POST /endpoints/form": access.Operator, "GET /operations": access.Operator,
	"POST /operations":     access.Operator,
	"POST /operations/new": access.Operator, "GET /operations/export": access.Operator, "POST /operations/import": access.Operator,
	"GET /operations/:id/use":  access.Operator,
	"GET /operations/:id/edit": access.Operator, "POST /operations/:id": access.Operator, "POST /operations/:id/remove": access.Operator,

	"GET /runs/new": access.Operator, "POST /runs/new/leave": access.Operator, "POST /runs/:id/draft": access.Operator,
	"POST /team/confirmation": access.Admin,
	"GET /run":                access.Operator, "POST /run/preview": access.Operator, "POST /runs": access.Operator, "POST /runs/:id/undo": access.Operator,
	"POST /runs/:id/start":   access.Operator,
	"POST /runs/:id/cancel":  access.Operator,
	"POST /runs/:id/approve": access.Admin, "POST /runs/:id/decline": access.Admin, "POST /team/approval": access.Owner,
	"POST /runs/:id/rerun": access.Operator, "POST /sites/check": access.Operator, "POST /sites/:id/check": access.Operator,

	"GET /sites/new": access.Admin, "POST /sites": access.Admin, "GET /sites/import": access.Admin, "POST /sites/import": access.Admin,
	"GET /sites/import/bad.csv": access.Admin, "POST /sites/tag": access.Admin, "POST /sites/views": access.Viewer,
	"POST /sites/views/:id/remove": access.Viewer, "POST /runs/views": access.Viewer, "POST /runs/views/:id/remove": access.Viewer,
	"POST /sites/edit":   access.Admin,
	"POST /sites/undo":   access.Admin,
	"POST /sites/retire": access.Admin, "POST /sites/restore": access.Admin, "POST /sites/:id": access.Admin, "POST /sites/:id/url": access.Admin,
	"POST /runs/:id/redirects": access.Admin, "GET /sites/:id/edit": access.Admin,
	"POST /sites/:id/credential": access.Admin, "POST /sites/:id/retire": access.Admin, "POST /sites/:id/restore": access.Admin,
	"GET /changes": access.Admin, "GET /changes/:id": access.Admin, "POST /changes/:id/approve": access.Admin, "POST /changes/:id/decline": access.Admin,
	"POST /changes/:id/withdraw": access.Admin,
	"POST /team/invite":          access.Admin, "POST /team/:id/role": access.Admin, "POST /team/:id/remove": access.Admin,
}

// leaving ends the session that asks: those come last, and are tried by everybody alike.
var leaving = map[string]bool{"POST /sign-out": true, "POST /sign-out-everywhere": true}

func TestEveryRouteForEveryRole(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	run, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: "status", Selection: sites.Selection{All: true}})
	if err != nil {
		t.Fatal(err)
	}
	h.ended(t, run.ID)
	fill := strings.NewReplacer("/sites/:id", "/sites/1", "/runs/:id", "/runs/1", ":target", "1", ":seq", "1", "/operations/:id", "/operations/999", "/team/:id",
		"/team/999", "/changes/:id", "/changes/999", "/connect/:id", "/connect/999", "/tokens/:id", "/tokens/999", "/sessions/:id", "/sessions/999")
	people := map[access.Role]person{}
	for _, role := range access.Roles() {
		people[role] = h.signIn(t, role)
	}
	for _, route := range h.server.Table() {
		name, path := route.Method+" "+route.Path, fill.Replace(route.Path)
		least, known := lowestRole[name]
		if !known && !leaving[name] {
			t.Errorf("%s has no line in this matrix", name)
			continue
		}
		if status, to := h.public(t).do(h.public(t).request(route.Method, path, nil)); status != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in") {
			t.Errorf("%s, a stranger: %d %.80s", name, status, to)
		}
		if leaving[name] {
			continue
		}
		for role, p := range people {
			status, body := p.do(p.request(route.Method, path, url.Values{}))
			if allowed := role.Covers(least); allowed == (status == http.StatusForbidden) {
				t.Errorf("%s, %s: %d %.120s", name, role, status, body)
			} else if status >= 500 {
				t.Errorf("%s, %s: %d %.300s", name, role, status, body)
			}
		}
	}
	for role, p := range people {
		if status, to := p.post("/sign-out", nil); status != http.StatusSeeOther || to != "/sign-in" {
			t.Errorf("sign out as %s: %d %s", role, status, to)
		}
		if status, _ := p.get("/sites"); status != http.StatusSeeOther {
			t.Errorf("after signing out as %s: %d", role, status)
		}
	}
}

// What destroys is the admins', whatever the route lets in.
func TestAnOperatorCannotDestroy(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	form := url.Values{"operation": {"disable-cache"}, "all": {"1"}, "confirm": {"1"}}
	operator := h.signIn(t, access.Operator)
	if status, _ := operator.post("/runs", operator.seen(form)); status != http.StatusForbidden {
		t.Errorf("an operator: %d", status)
	}
	admin := h.signIn(t, access.Admin)
	if page := admin.refused(admin.seen(url.Values{"operation": {"disable-cache"}, "all": {"1"}})); !strings.Contains(page, "Type the number of sites") {
		t.Error("it starts without the number")
	}
	if status, to := admin.post("/runs", admin.seen(form)); status != http.StatusSeeOther || to != "/runs/1" {
		t.Errorf("an admin: %d %s", status, to)
	}
}
