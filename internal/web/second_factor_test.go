package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/droverhq/drover/internal/access"
)

var (
	appSecret    = regexp.MustCompile(`id="app-secret">([A-Z2-7 ]+)<`)
	recoveryCode = regexp.MustCompile(`<li>([a-z2-7]{4}(-[a-z2-7]{4}){5})</li>`)
)

func appCode(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// addApp sets an authenticator app up through the pages, with the code of a step ago.
func (p person) addApp() (secret string, codes []string) {
	p.t.Helper()
	status, to := p.post("/settings/second-factor/app", nil)
	if status != http.StatusSeeOther {
		p.t.Fatalf("begin: %d %.200s", status, to)
	}
	_, page := p.get(to)
	found := appSecret.FindStringSubmatch(page)
	if found == nil || !strings.Contains(page, `<path d="M4 4h7v1h-7z`) { // the finder pattern's top row, after the quiet zone
		p.t.Fatalf("the page shows no secret or no code to scan: %.400s", page)
	}
	secret = strings.ReplaceAll(found[1], " ", "")
	if status, _ := p.post(to, url.Values{"name": {"Telephone"}, "code": {"000000"}}); status != http.StatusUnprocessableEntity {
		p.t.Errorf("a wrong first code: %d", status)
	}
	status, page = p.post(to, url.Values{"name": {"Telephone"}, "code": {appCode(p.t, secret, time.Now().Add(-30*time.Second))}})
	if status != http.StatusOK {
		p.t.Fatalf("confirm: %d %.300s", status, page)
	}
	for _, match := range recoveryCode.FindAllStringSubmatch(page, -1) {
		codes = append(codes, match[1])
	}
	return secret, codes
}

func TestSignInInTwoSteps(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	owner := h.signIn(t, access.Owner)
	secret, codes := owner.addApp()
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes are shown", len(codes))
	}
	if _, page := owner.get("/settings/second-factor"); strings.Contains(page, codes[0]) || strings.Contains(page, secret) {
		t.Error("the codes or the secret are shown a second time")
	}
	p := h.public(t)
	if status, _ := p.post("/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}}); status != http.StatusSeeOther {
		t.Fatalf("the password: %d", status)
	}
	// Half open, no route of the table does anything but lead to the second step.
	for _, route := range h.server.Table() {
		path := strings.NewReplacer(":id", "1", ":seq", "1", ":target", "1").Replace(route.Path)
		if strings.HasPrefix(path, "/second-step") || path == "/sign-out" {
			continue
		}
		if status, to := p.do(p.request(route.Method, path, url.Values{})); status != http.StatusSeeOther || !strings.HasPrefix(to, "/second-step") {
			t.Errorf("%s %s before the second factor: %d %.100s", route.Method, path, status, to)
		}
	}
	if status, _ := p.post("/second-step?next=/team", url.Values{"proof_code": {"000000"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", status)
	}
	if status, to := p.post("/second-step?next=/team", url.Values{"proof_code": {appCode(t, secret, time.Now())}}); status != http.StatusSeeOther ||
		to != "/team" {
		t.Errorf("the right code: %d %s", status, to)
	}
	if status, _ := p.get("/team"); status != http.StatusOK {
		t.Errorf("after the second factor: %d", status)
	}
}

func TestPasskeysNeedAHostName(t *testing.T) {
	t.Parallel()
	h := newTestServer(t) // at 127.0.0.1
	p := h.signIn(t, access.Owner)
	if status, page := p.post("/settings/second-factor/passkey/options", nil); status != http.StatusUnprocessableEntity ||
		!strings.Contains(page, "never to an IP address") {
		t.Errorf("begin: %d %.200s", status, page)
	}
	if status, _ := p.post("/confirm/options", nil); status != http.StatusNotFound {
		t.Errorf("use one, without having any: %d", status)
	}
}

func TestWhoMustHaveASecondFactorSetsOneUpFirst(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	owner, viewer := h.signIn(t, access.Owner), h.signIn(t, access.Viewer)
	if status, to := owner.post("/team/second-factor", url.Values{"required": {"yes"}}); status != http.StatusSeeOther {
		t.Fatalf("require: %d %s", status, to)
	}
	if status, to := viewer.get("/sites"); status != http.StatusSeeOther || !strings.HasPrefix(to, "/settings/second-factor") {
		t.Errorf("without one: %d %.100s", status, to)
	}
	if status, page := viewer.get("/settings/second-factor"); status != http.StatusOK || !strings.Contains(page, "Your team requires a second factor") {
		t.Errorf("the page: %d", status)
	}
	viewer.addApp()
	if status, _ := viewer.get("/sites"); status != http.StatusOK {
		t.Errorf("with one: %d", status)
	}
}
