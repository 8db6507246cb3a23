package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// attacks are requests of other forms than the operations and methods that an operator may not use.
var attacks = map[string]map[string]string{
	"a built-in operation":    {"method": "PATCH", "path": "/bigscoots-cache/v2/disable-cache"},
	"a batch":                 {"method": "POST", "path": "/batch/v1", "body": `{"requests":[{"method":"DELETE","path":"/wp/v2/posts/1"}]}`},
	"a plugin":                {"method": "POST", "path": "/wp/v2/plugins/akismet/akismet", "body": `{"status":"inactive"}`},
	"a user":                  {"method": "PUT", "path": "/wp/v2/users/1", "body": `{"roles":["administrator"]}`},
	"an application password": {"method": "POST", "path": "/wp/v2/users/me/application-passwords", "body": `{"name":"x"}`},
	"settings":                {"method": "POST", "path": "/wp/v2/settings", "body": `{"title":"x"}`},
}

// An operator is refused what destroys wherever requests are started from: the form, a program, a saved operation, a repeat, an approval.
func TestAttackDestroyingInAnotherForm(t *testing.T) {
	t.Parallel()
	h := newTestServerOn(t, dbtest.SQLite(t), wptest.Site{})
	h.addSites(t)
	operator := h.signIn(t, access.Operator)
	token, _ := h.program(t, members.Member{Email: "deploy@agency.example", Name: "Deploy", Role: access.Admin},
		members.Token{Name: "deploy", Role: access.Operator})
	library, ctx := saved.New(h.db, h.log), context.Background()
	for name, params := range attacks {
		form := url.Values{"operation": {"request"}, "all": {"1"}, "confirm": {"1"}}
		for param, value := range params {
			form.Set("p."+param, value)
		}
		if status, body := operator.post("/runs", operator.seen(form)); status != http.StatusForbidden {
			t.Errorf("%s, the form: %d %.200s", name, status, body)
		}
		body, err := json.Marshal(map[string]any{"operation": "request", "params": params, "selection": map[string]any{"all": true}, "confirmed": 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/api/v1/runs", "/api/v1/runs/preview"} {
			if status, answer := token.call("POST", path, string(body)); status != http.StatusForbidden {
				t.Errorf("%s, a program, %s: %d %s", name, path, status, answer)
			}
		}
		saved, err := library.Save(ctx, shell, saved.Definition{Name: name, Method: params["method"], Path: params["path"], Body: params["body"]})
		if err != nil {
			t.Fatal(err)
		}
		used := url.Values{"operation": {"request"}, "all": {"1"}, "confirm": {"1"}, "saved": {strconv.FormatInt(saved.ID, 10)}}
		for param, value := range saved.Params() {
			used.Set("p."+param, value)
		}
		if status, body := operator.post("/runs", operator.seen(used)); status != http.StatusForbidden {
			t.Errorf("%s, saved: %d %.200s", name, status, body)
		}
		run, err := h.runner.Start(ctx, shell, runs.Spec{Operation: "request", Params: params, Selection: sites.Selection{All: true}, Confirmed: 1})
		if err != nil || run.Effect != operation.Destroy {
			t.Fatalf("%s, the command line: %+v %v", name, run, err)
		}
		if status, body := operator.post("/runs/"+strconv.FormatInt(run.ID, 10)+"/rerun", url.Values{"confirm": {"1"}}); status != http.StatusForbidden {
			t.Errorf("%s, repeated: %d %.200s", name, status, body)
		}
		h.ended(t, run.ID)
	}
	if _, body := operator.get("/operations"); strings.Count(body, `data-effect="destroy"`) == 0 && !strings.Contains(strings.ToLower(body), "destructive") {
		t.Errorf("the saved operations do not say what they do: %.3000s", body)
	}
}

// What a person says does not spare them the second person.
func TestAttackPassingAloneWhatASecondPersonMustApprove(t *testing.T) {
	t.Parallel()
	h := newTestServerOn(t, dbtest.SQLite(t), wptest.Site{})
	h.addSites(t)
	if err := h.runner.SetPolicy(context.Background(), shell, runs.Policy{Effects: []operation.Effect{operation.Destroy}}); err != nil {
		t.Fatal(err)
	}
	admin, _ := h.program(t, members.Member{Email: "ada@agency.example", Name: "Ada", Role: access.Admin}, members.Token{Name: "t", Role: access.Admin})
	for name, params := range attacks {
		text := map[string]string{"effect": "read"}
		for param, value := range params {
			text[param] = value
		}
		body, err := json.Marshal(map[string]any{"operation": "request", "params": text, "selection": map[string]any{"all": true}, "confirmed": 1})
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := admin.call("POST", "/api/v1/runs", string(body)); status != http.StatusCreated || !strings.Contains(answer, `"asked"`) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	if n := len(h.fake.Calls(0)); n != 0 {
		t.Errorf("%d requests were sent: %+v", n, h.fake.Calls(0))
	}
}
