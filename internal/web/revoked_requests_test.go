package web_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// changesNothing are the routes that take a form and change nothing that is kept, or only the sign-in under way.
var changesNothing = map[string]bool{
	"POST /operations/new": true, // it draws a filled form
	"POST /audit/verify":   true, "POST /second-step": true, "POST /second-step/options": true,
	"POST /confirm": true, "POST /confirm/options": true, "POST /settings/second-factor/passkey/options": true, "POST /api/v1/runs/preview": true,
	"POST /settings/second-factor/passkey": true, // needs a browser; members.TestRevokedActors has it
}

// change is a request that changes something.
type change struct {
	path string
	body string
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
	case "POST /sites/edit":
		return change{"/sites/edit", encoded("site", "1", "new_tag", "edit-"+fmt.Sprint(m.ID))}
	case "POST /sites/undo":
		steps := fmt.Sprintf(`[{"Action":"site.edit","Client":"Acme","Tags":["undo-%d"],"Sites":[1]}]`, m.ID)
		note, err := h.runner.SaveDraft(ctx, access.Actor{Kind: access.KindMember, ID: m.ID, Role: access.Owner}, "", url.Values{"undo": {steps}})
		h.must(t, err)
		return change{"/sites/undo?note=" + note, ""}
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
	case "POST /run/preview":
		return change{"/run/preview", encoded("operation", "status", "site", "1")}
	case "POST /endpoints/form":
		site, err := h.registry.Site(ctx, shell, 1)
		h.must(t, err)
		_, err = h.registry.Offered(ctx, shell, site, false) // what the site offers is kept by whoever reads it first
		h.must(t, err)
		return change{"/endpoints/form", encoded("site", "1", "route", "/wp/v2/posts", "method", "GET")}
	case "POST /runs/new/leave":
		return change{"/runs/new/leave", encoded("operation", "status", "site", "1", "next", "/operations")}
	case "POST /team/confirmation":
		return change{"/team/confirmation", encoded("confirm_above", fmt.Sprint(10+m.ID))}
	case "POST /runs":
		p, err := h.runner.Preview(ctx, shell, runs.Spec{Operation: "status", Selection: sites.Selection{IDs: []int64{1}}})
		h.must(t, err)
		return change{"/runs", encoded("operation", "status", "site", "1", "shown", p.Digest)}
	case "POST /runs/:id/undo", "POST /runs/:id/start", "POST /runs/:id/draft", "POST /runs/:id/rerun", "POST /runs/:id/cancel", "POST /runs/:id/approve",
		"POST /runs/:id/decline",
		"POST /runs/:id/redirects", "POST /sites/:id/url":
		return h.asksRun(t, route)
	case "POST /changes/:id/approve", "POST /changes/:id/decline", "POST /changes/:id/withdraw":
		return h.asksChange(t, route, m)
	case "POST /connect", "POST /connect/next", "POST /connect/mark", "POST /connect/:id/look", "POST /connect/:id/approve", "POST /connect/:id/credential",
		"POST /sites/reconnect", "POST /connect/mainwp", "POST /connect/network/add", "POST /sites/:id/limit", "POST /sites/limit":
		return h.asksConnect(t, route, m)
	case "POST /sites/rotate", "POST /sites/:id/rotate", "POST /rotation/start", "POST /rotation/clear", "POST /settings/sites":
		return h.asksRotation(t, route)
	case "POST /audit/views", "POST /sites/views", "POST /runs/views":
		return change{strings.TrimPrefix(route, "POST "), encoded("name", "view "+fmt.Sprint(m.ID), "query", "state=done")}
	case "POST /audit/views/:id/remove", "POST /sites/views/:id/remove", "POST /runs/views/:id/remove":
		page := audit.ViewPage(strings.Split(route, "/")[1])
		h.must(t, h.log.SaveView(ctx, m.Actor(noAddr), page, "mine", "state=done"))
		views, err := h.log.Views(ctx, m.Actor(noAddr), page)
		h.must(t, err)
		return change{fmt.Sprintf("/%s/views/%d/remove", page, views[0].ID), ""}
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
	case "POST /runs/:id/undo", "POST /runs/:id/start":
		spec := runs.Spec{Operation: "disable-cache", Selection: sites.Selection{IDs: []int64{site}}, Confirmed: 1}
		p, err := h.runner.Preview(ctx, shell, spec)
		h.must(t, err)
		spec.Person = &runs.Person{Shown: p.Digest, Wait: time.Hour}
		run, err := h.runner.Start(ctx, shell, spec)
		h.must(t, err)
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
	case "POST /team/invitations/:id/revoke":
		_, err := h.roster.Invite(ctx, shell, members.Member{Email: fmt.Sprintf("late%d@agency.example", time.Now().UnixNano()), Role: access.Viewer})
		h.must(t, err)
		open, err := h.roster.Invitations(ctx, shell)
		h.must(t, err)
		return change{fmt.Sprintf("/team/invitations/%d/revoke", open[0].ID), ""}
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
	case "POST /settings/retention":
		return change{path, encoded("answers", fmt.Sprint(30+time.Now().UnixNano()%1000), "attempts", "180", "targets", "0")}
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
	case "POST /api/v1/runs/:id/rerun":
		requested := h.asksRun(t, "POST /runs/:id/rerun")
		return change{"/api/v1" + requested.path, `{"outcomes":[]}`}
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
