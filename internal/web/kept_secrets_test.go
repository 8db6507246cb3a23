package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// Attack: a viewer reads what a site hands out, such as a new application password, from pages, exports, the API or the audit log.
func TestAttackReadingSecretsOfAnswers(t *testing.T) {
	t.Parallel()
	const answered, sent = "ABCD EFGH ijkl 2468", "Qw7sentAnd9gone"
	h := newTestServerOn(t, dbtest.SQLite(t), wptest.Site{Answer: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("Set-Cookie", "wordpress_logged_in="+answered)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "<b>Warning</b>: x\n"+`{"uuid":"u-1","name":"Deploy","password":%q,"nested":[{"access_token":%q}],"note":"Use %s."}`, answered, answered,
			answered)
		return true
	}})
	h.addSites(t)
	run, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: "request", Selection: sites.Selection{All: true}, Confirmed: 1,
		Params: map[string]string{"method": "POST", "path": "/wp/v2/users/me/application-passwords", "body": `{"name":"Deploy","client_secret":"` + sent + `"}`,
			"effect": "read"}})
	if err != nil {
		t.Fatal(err)
	}
	h.ended(t, run.ID)
	viewer := h.signIn(t, access.Viewer)
	token, _ := h.program(t, members.Member{Email: "v@agency.example", Name: "V", Role: access.Viewer}, members.Token{Name: "t", Role: access.Viewer})
	text := ""
	for _, path := range []string{
		"/", "/runs", "/runs/1", "/runs/1/targets", "/runs/1/targets/1", "/runs/1/answers?columns=" + "all%3A+.", "/runs/1/answers.csv", "/runs/1/answers.json",
		"/runs/1/answers.jsonl",
		"/runs/1/export.csv", "/runs/1/export.json", "/runs/1/report", "/audit", "/audit/export.csv", "/audit/export.jsonl", "/audit/print",
	} {
		status, body := viewer.get(path)
		if status >= 400 && status != http.StatusForbidden {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
		text += body
		for _, secret := range []string{answered, sent} {
			if strings.Contains(body, secret) {
				t.Errorf("%s shows %s", path, secret)
			}
		}
	}
	for _, path := range []string{"/api/v1/runs", "/api/v1/runs/1", "/api/v1/runs/1/targets", "/api/v1/audit"} {
		if _, body := token.call("GET", path, ""); strings.Contains(body, answered) || strings.Contains(body, sent) {
			t.Errorf("%s tells a secret: %s", path, body)
		}
	}
	if !strings.Contains(text, "[removed]") || !strings.Contains(text, "u-1") {
		t.Error("the rest of the answer is not shown, or not what was taken out")
	}
}
