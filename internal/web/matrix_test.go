package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// reach is the least role that a route lets in. Every route has its line: a new one without fails the test.
var reach = map[string]audit.Role{
	"GET /": audit.Viewer, "GET /search": audit.Viewer, "GET /sites": audit.Viewer, "GET /sites/:id": audit.Viewer, "GET /runs": audit.Viewer,
	"GET /runs/:id": audit.Viewer, "GET /runs/:id/stream": audit.Viewer, "GET /runs/:id/targets": audit.Viewer, "GET /runs/:id/targets/:target": audit.Viewer,
	"GET /runs/:id/export.csv": audit.Viewer, "GET /runs/:id/export.json": audit.Viewer, "GET /audit": audit.Viewer, "GET /audit/:seq": audit.Viewer,
	"GET /audit/export.csv": audit.Viewer, "GET /audit/export.jsonl": audit.Viewer, "GET /audit/print": audit.Viewer, "POST /audit/views": audit.Viewer, "POST /audit/views/:id/remove": audit.Viewer, "POST /audit/verify": audit.Viewer, "POST /audit/checkpoint": audit.Admin, "GET /team": audit.Viewer, "GET /settings": audit.Viewer, "POST /settings/name": audit.Viewer,
	"POST /settings/password": audit.Viewer, "POST /settings/sessions/:id/revoke": audit.Viewer,

	"GET /team/:id": audit.Viewer, "POST /team/:id/reach": audit.Admin, "GET /settings/tokens": audit.Viewer, "POST /settings/tokens": audit.Viewer, "POST /tokens/:id/revoke": audit.Viewer,

	"GET /settings/second-factor": audit.Viewer, "POST /settings/second-factor/app": audit.Viewer, "GET /settings/second-factor/app/:id": audit.Viewer,
	"POST /settings/second-factor/app/:id": audit.Viewer, "POST /settings/second-factor/passkey/options": audit.Viewer, "POST /settings/second-factor/passkey": audit.Viewer,
	"POST /settings/second-factor/codes": audit.Viewer, "POST /settings/factors/:id/name": audit.Viewer, "POST /settings/factors/:id/remove": audit.Viewer,
	"GET /second-step": audit.Viewer, "POST /second-step": audit.Viewer, "POST /second-step/options": audit.Viewer, "GET /confirm": audit.Viewer, "POST /confirm": audit.Viewer, "POST /confirm/options": audit.Viewer, "GET /confirm/provider": audit.Viewer, "POST /team/second-factor": audit.Admin, "POST /team/:id/reset": audit.Admin, "POST /team/:id/sign-out": audit.Admin,

	"GET /runs/:id/answers": audit.Viewer, "GET /runs/:id/answers.csv": audit.Viewer, "GET /runs/:id/answers.json": audit.Viewer, "GET /runs/:id/answers.jsonl": audit.Viewer,
	"GET /runs/:id/compare": audit.Viewer,

	"GET /endpoints": audit.Operator, "GET /endpoints/form": audit.Operator, "POST /endpoints/form": audit.Operator, "GET /operations": audit.Operator, "POST /operations": audit.Operator,
	"POST /operations/new": audit.Operator, "GET /operations/export": audit.Operator, "POST /operations/import": audit.Operator, "GET /operations/:id/use": audit.Operator,
	"GET /operations/:id/edit": audit.Operator, "POST /operations/:id": audit.Operator, "POST /operations/:id/remove": audit.Operator,

	"GET /run": audit.Operator, "POST /run/preview": audit.Operator, "POST /runs": audit.Operator, "POST /runs/:id/cancel": audit.Operator, "POST /runs/:id/approve": audit.Admin, "POST /runs/:id/decline": audit.Admin, "POST /team/approval": audit.Owner,
	"POST /runs/:id/again": audit.Operator, "POST /sites/check": audit.Operator, "POST /sites/:id/check": audit.Operator,

	"GET /sites/new": audit.Admin, "POST /sites": audit.Admin, "GET /sites/import": audit.Admin, "POST /sites/import": audit.Admin, "GET /sites/import/bad.csv": audit.Admin, "POST /sites/tag": audit.Admin,
	"POST /sites/retire": audit.Admin, "POST /sites/restore": audit.Admin, "POST /sites/:id": audit.Admin, "POST /sites/:id/move": audit.Admin, "POST /runs/:id/moves": audit.Admin, "GET /sites/:id/edit": audit.Admin,
	"POST /sites/:id/credential": audit.Admin, "POST /sites/:id/retire": audit.Admin, "POST /sites/:id/restore": audit.Admin,
	"POST /team/invite": audit.Admin, "POST /team/:id/role": audit.Admin, "POST /team/:id/remove": audit.Admin,
}

// leaving ends the session that asks: those come last, and are tried by everybody alike.
var leaving = map[string]bool{"POST /sign-out": true, "POST /sign-out-everywhere": true}

func TestEveryRouteForEveryRole(t *testing.T) {
	h := newHouse(t, wptest.Site{})
	h.addSites(t)
	run, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: "status", Selection: sites.Selection{All: true}})
	if err != nil {
		t.Fatal(err)
	}
	h.ended(t, run.ID)
	fill := strings.NewReplacer("/sites/:id", "/sites/1", "/runs/:id", "/runs/1", ":target", "1", ":seq", "1", "/operations/:id", "/operations/999", "/team/:id", "/team/999", "/tokens/:id", "/tokens/999", "/sessions/:id", "/sessions/999")
	people := map[audit.Role]person{}
	for _, role := range audit.Roles() {
		people[role] = h.signIn(t, role)
	}
	for _, route := range h.server.Table() {
		name, path := route.Method+" "+route.Path, fill.Replace(route.Path)
		least, known := reach[name]
		if !known && !leaving[name] {
			t.Errorf("%s has no line in this matrix", name)
			continue
		}
		if status, to := h.stranger(t).do(h.stranger(t).request(route.Method, path, nil)); status != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in") {
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
	h := newHouse(t, wptest.Site{})
	h.addSites(t)
	form := url.Values{"operation": {"disable-cache"}, "all": {"1"}, "confirm": {"1"}}
	if status, _ := h.signIn(t, audit.Operator).post("/runs", form); status != http.StatusForbidden {
		t.Errorf("an operator: %d", status)
	}
	admin := h.signIn(t, audit.Admin)
	if status, body := admin.post("/runs", url.Values{"operation": {"disable-cache"}, "all": {"1"}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "Type the number of sites") {
		t.Errorf("without the number: %d", status)
	}
	if status, to := admin.post("/runs", form); status != http.StatusSeeOther || to != "/runs/1" {
		t.Errorf("an admin: %d %s", status, to)
	}
}
