package web_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// The rows of the matrix and of the scope tests for rotating passwords.
func init() {
	maps.Copy(lowestRole, map[string]access.Role{
		"POST /sites/rotate": access.Admin, "GET /rotation": access.Admin, "POST /rotation/start": access.Admin, "POST /rotation/clear": access.Admin,
		"POST /sites/:id/rotate": access.Admin, "GET /settings/sites": access.Admin, "POST /settings/sites": access.Admin,
	})
	maps.Copy(outsideScope, map[string]int{"POST /sites/:id/rotate": http.StatusNotFound, "GET /settings/sites": http.StatusForbidden,
		"POST /settings/sites": http.StatusForbidden})
	for _, name := range []string{"POST /sites/rotate", "GET /rotation", "POST /rotation/start", "POST /rotation/clear"} {
		narrow[name] = true
	}
}

// asksRotation is a request that begins, or follows, a rotation.
func (h gateServer) asksRotation(t *testing.T, route string) change {
	t.Helper()
	switch route {
	case "POST /sites/rotate":
		return change{"/sites/rotate", encoded("site", "1", "site", "2")}
	case "POST /sites/:id/rotate":
		return change{"/sites/2/rotate", ""}
	case "POST /settings/sites":
		u, err := h.registry.Upkeep(t.Context())
		h.must(t, err)
		return change{"/settings/sites", encoded("check_hours", "24", "credential_days", map[bool]string{true: "91", false: "90"}[u.CredentialDays == 90])}
	}
	h.must(t, h.registry.LookAtRotation(t.Context(), shell, 2))
	h.must(t, h.registry.WorkRotations(t.Context()))
	return change{strings.TrimPrefix(route, "POST "), ""}
}

// settled waits until no rotation is under way.
func (h *testServer) settled(t *testing.T) map[int64]sites.RotationStep {
	t.Helper()
	for {
		all, err := h.registry.Rotations(t.Context(), shell)
		if err != nil {
			t.Fatal(err)
		}
		steps, busy := map[int64]sites.RotationStep{}, false
		for _, one := range all {
			steps[one.Site.ID], busy = one.Step, busy || one.Step.UnderWay()
		}
		if !busy {
			return steps
		}
		// What is to be tried again later is tried now.
		if err := h.db.Gorm.Exec("UPDATE rotations SET next_at = 0").Error; err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// An admin rotates what can be rotated, is told what cannot, and connects that again.
func TestRotationThroughThePages(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{}, wptest.Site{Fault: wptest.PasswordsKept}, wptest.Site{Fault: wptest.WrongPassword}, wptest.Site{})
	h.addSites(t)
	for i := range 4 {
		if err := h.registry.ReplaceCredential(t.Context(), shell, int64(i+1), wptest.DefaultUser, vault.NewSecret(h.fake.Password(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.db.Gorm.Exec("UPDATE credentials SET created_at = created_at - 8640000000000 WHERE site_id <> 4").Error; err != nil { // 100 days
		t.Fatal(err)
	}
	p := h.signIn(t, access.Admin)
	_, list := p.get("/sites")
	if !strings.Contains(list, "Credential older than 90 days") || !strings.Contains(list, "/sites?credential=90") || strings.Count(list, "Old credential") < 3 {
		t.Error("the list does not tell of old credentials")
	}
	if _, old := p.get("/sites?credential=90"); strings.Contains(old, `href="/sites/4"`) || !strings.Contains(old, `href="/sites/3"`) {
		t.Error("the list is not filtered by the credential's age")
	}
	if status, to := p.post("/sites/rotate", url.Values{"all": {"1"}, "all.credential": {"90"}}); status != http.StatusSeeOther || to != "/rotation" {
		t.Fatalf("%d %s", status, to)
	}
	if steps := h.settled(t); len(steps) != 3 || steps[1] != sites.RotationReady || steps[2] != sites.RotationBlocked || steps[3] != sites.RotationBlocked {
		t.Fatalf("%v", steps)
	}
	_, page := p.get("/rotation")
	for _, words := range []string{"Rotate 1 password", "Connect 1 site again", "Cannot be rotated", "cannot create application passwords"} {
		if !strings.Contains(page, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	if status, to := p.post("/rotation/start", nil); status != http.StatusSeeOther || to != "/rotation" {
		t.Fatalf("%d %s", status, to)
	}
	if steps := h.settled(t); steps[1] != sites.RotationDone || h.fake.Accepts(0, wptest.DefaultUser, wptest.DefaultPassword) {
		t.Errorf("%v", steps)
	}
	if _, page := p.get("/sites/1"); !strings.Contains(page, "Rotated") || strings.Contains(page, "Older than") {
		t.Error("the site's page does not tell of the rotation")
	}
	if _, page := p.get("/sites/2"); !strings.Contains(page, "Older than 90 days") {
		t.Error("the site's page does not tell that the credential is old")
	}
	if status, to := p.post("/sites/4/rotate", nil); status != http.StatusSeeOther || to != "/sites/4#credential-state" {
		t.Fatalf("%d %s", status, to)
	}
	if steps := h.settled(t); steps[4] != sites.RotationDone {
		t.Errorf("%v", steps)
	}
	if status, to := p.post("/rotation/clear", nil); status != http.StatusSeeOther || to != "/rotation" {
		t.Errorf("%d %s", status, to)
	}
	if _, page := p.get("/rotation"); !strings.Contains(page, "Nothing to rotate yet") {
		t.Error("the list is not cleared")
	}
	// A run on all with an old credential is a run on these, and on no other.
	if _, page := p.get("/run?all=1&all.credential=90"); !strings.Contains(page, `name="site" value="2"`) || strings.Contains(page, `name="site" value="4"`) {
		t.Error("a run on the filtered list chooses other sites")
	}
}

// The team's rule says when a credential is old.
func TestTheRuleForOldCredentials(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Admin)
	for text, want := range map[string]int{"30": http.StatusSeeOther, "-1": http.StatusUnprocessableEntity, "soon": http.StatusUnprocessableEntity,
		"99999": http.StatusUnprocessableEntity} {
		if status, body := p.post("/settings/sites", url.Values{"check_hours": {"12"}, "credential_days": {text}}); status != want {
			t.Errorf("%s: %d %.100s", text, status, body)
		}
	}
	if u, err := h.registry.Upkeep(t.Context()); err != nil || u.CredentialDays != 30 || u.CheckHours != 12 {
		t.Errorf("%+v %v", u, err)
	}
	if _, n, err := h.log.Entries(t.Context(), shell, audit.Filter{Action: access.SiteUpkeep}); err != nil || n != 1 {
		t.Errorf("%d entries, %v", n, err)
	}
}
