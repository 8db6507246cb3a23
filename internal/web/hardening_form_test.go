package web_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func TestARoleCountsFromTheNextRequest(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	admin := h.signIn(t, access.Admin)
	if status, _ := admin.get("/sites/new"); status != http.StatusOK {
		t.Fatal(status)
	}
	if err := h.roster.ChangeRole(t.Context(), shell, 1, access.Viewer); err != nil {
		t.Fatal(err)
	}
	if status, _ := admin.get("/sites/new"); status != http.StatusForbidden {
		t.Errorf("as a viewer: %d", status)
	}
}

// What a form does not have is not stored, though the row has such a column, and what stands in the address does not stand for the form.
func TestAttackFieldsThatNoFormHas(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{}, wptest.Site{})
	p := h.signIn(t, access.Owner)
	viewer := h.signIn(t, access.Viewer)
	extra := url.Values{"role": {"owner"}, "Role": {"owner"}, "email": {"evil@agency.example"}, "id": {"1"}, "ID": {"1"}, "member_id": {"1"},
		"password_hash": {"x"}, "left_at": {"0"}, "state": {"ready"}, "retired_at": {"1"}, "root": {"https://evil.example/"}, "Home": {"https://evil.example"}}
	with := func(form url.Values) url.Values {
		for name, values := range extra {
			if !form.Has(name) {
				form[name] = values
			}
		}
		return form
	}
	if status, _ := viewer.post("/settings/name?role=owner&email=evil@agency.example", with(url.Values{"name": {"Vera"}})); status != http.StatusSeeOther {
		t.Errorf("the name: %d", status)
	}
	if status, to := p.post("/sites?url=https://evil.example", with(url.Values{"url": {h.fake.URL(0)}, "username": {wptest.DefaultUser},
		"application_password": {wptest.DefaultPassword}})); status != http.StatusSeeOther {
		t.Errorf("the site: %d %.200s", status, to)
	}
	if status, _ := p.post("/team/invite?role=owner&email=evil@agency.example",
		url.Values{"email": {"new@agency.example"}, "role": {"viewer", "owner"}}); status != http.StatusOK {
		t.Errorf("the invitation: %d", status)
	}
	for path, form := range map[string]url.Values{ // what the form lacks is missing, whatever the address says
		"/team/invite?role=owner":                       {"email": {"query@agency.example"}},
		"/settings/name?name=Evil":                      {},
		"/sites?url=" + url.QueryEscape(h.fake.URL(1)):  {"username": {wptest.DefaultUser}, "application_password": {wptest.DefaultPassword}},
		"/settings/tokens?name=evil&role=owner&days=30": {},
	} {
		if status, to := p.post(path, form); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %.200s", path, status, to)
		}
	}
	present, err := h.roster.Members(t.Context(), access.System())
	if err != nil || len(present) != 2 || present[0].Name == "Evil" ||
		present[1].Name != "Vera" || present[1].Role != access.Viewer || present[1].Email != "viewer@agency.example" {
		t.Errorf("%+v, %v", present, err)
	}
	site, err := h.registry.Site(t.Context(), access.System(), 1)
	if err != nil || site.Home != h.fake.URL(0) || !site.RetiredAt.IsZero() || strings.Contains(fmt.Sprintf("%+v", site), "evil") {
		t.Errorf("%+v, %v", site, err)
	}
	var role, email string
	h.db.Gorm.Raw("SELECT role FROM links WHERE kind = 'invitation'").Scan(&role)
	h.db.Gorm.Raw("SELECT email FROM links WHERE kind = 'invitation'").Scan(&email)
	if role != "viewer" || email != "new@agency.example" {
		t.Errorf("the invitation is for %s as %s", email, role)
	}
}

func TestOnlyFilesOfTheirKindAreTaken(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	send := func(path, name, text string) answer {
		var upload bytes.Buffer
		parts := multipart.NewWriter(&upload)
		file, err := parts.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(file, text)
		parts.Close()
		r, err := http.NewRequest(http.MethodPost, h.home+path, &upload)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", parts.FormDataContentType())
		return p.send(r)
	}
	good := "url,username,application_password\nhttps://good.example,drover,abcd\n"
	for name, want := range map[string]int{"sites.csv": 200, "SITES.CSV": 200, "sites.txt": 200, "sites.xlsx": 422, "sites.csv.exe": 422, "sites": 422,
		"../../sites.php": 422} {
		if got := send("/sites/import", name, good); got.status != want || want == 422 && !strings.Contains(got.body, "not a CSV file") {
			t.Errorf("%s: %d %.200s", name, got.status, got.body)
		}
	}
	for name, text := range map[string]string{"a picture": "\x89PNG\r\n\x1a\n\x00\x00", "a sheet": "PK\x03\x04\x14\x00",
		"a page": "<html><script>alert(1)</script>", "nothing": ""} {
		if got := send("/sites/import", "sites.csv", text); got.status != http.StatusUnprocessableEntity && got.status != http.StatusOK ||
			strings.Contains(got.body, "1 added") || strings.Contains(got.body, "<script>alert") {
			t.Errorf("%s with another ending: %d", name, got.status)
		}
	}
	for name, text := range map[string]string{"operations.exe": "[]", "operations.json": "<html>"} {
		if got := send("/operations/import", name, text); got.status != http.StatusSeeOther || got.header.Get("Location") != "/operations" {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	if all, err := h.registry.Select(t.Context(), access.System(), sites.Selection{All: true}); err != nil || len(all) != 1 {
		t.Errorf("%d sites, %v", len(all), err)
	}
}
