package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// signsIn tells how WordPress itself answers a request with the credential, without Drover.
func (l lab) signsIn(t *testing.T, home, user, password string) int {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(l.dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	host := strings.TrimPrefix(home, "https://")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: host}, DisableKeepAlives: true}}
	path := "/wp-json/wp/v2/users/me?context=edit"
	if host == "plain.test" {
		path = "/index.php?rest_route=/wp/v2/users/me&context=edit"
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+l.hosts(t)[host]+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.SetBasicAuth(user, password)
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// Rotation on real WordPress: five sites of a network with one password, two more of the same user with their own, and single sites, one of them with
// plain permalinks and one that writes an error before its JSON. WordPress itself is asked what is left.
func testRotation(t *testing.T, l lab) {
	const user, first = "rotator", "https://site01.network.test"
	old := map[string]string{}
	made := l.passwords(t, first, user, "--reset", "Drover", "Drover at six", "By hand", "Another application")
	for n := range 5 {
		old[fmt.Sprintf("https://site%02d.network.test", n+1)] = made[0].Value
	}
	old["https://site06.network.test"], old["https://site07.network.test"] = made[1].Value, made[2].Value
	for _, host := range []string{"plain", "bare", "folder", "broken"} {
		home := "https://" + host + ".test"
		old[home] = l.passwords(t, home, user, "--reset", "Drover")[0].Value
	}
	var file strings.Builder
	file.WriteString("url,username,application_password\n")
	for home, password := range old {
		fmt.Fprintf(&file, "%s,%s,%s\n", home, user, password)
	}
	path := filepath.Join(t.TempDir(), "sites.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(l.env(), "DROVER_DATA="+t.TempDir())
	if code, out := run(t, env, "sites", "import", path); code != 0 {
		t.Fatalf("%d: %s", code, out)
	}
	for home, password := range old {
		if status := l.signsIn(t, home, user, password); status != http.StatusOK {
			t.Fatalf("%s answers the old password with %d before the rotation", home, status)
		}
	}

	if code, out := run(t, env, "sites", "rotate", "--site", "https://site03.network.test", "--look"); code != 0 || !strings.Contains(out, "5 can be rotated") ||
		!strings.Contains(out, "5 sites of one network") {
		t.Errorf("look: %d: %s", code, out)
	}
	code, out := run(t, env, "sites", "rotate", "--all")
	if want := fmt.Sprintf("%d rotated, 0 can be rotated, 0 not rotated", len(old)); code != 0 || !strings.Contains(out, want) {
		t.Fatalf("rotate: %d: %s", code, out)
	}
	for home, password := range old {
		if status := l.signsIn(t, home, user, password); status != http.StatusUnauthorized {
			t.Errorf("%s answers the old password with %d", home, status)
		}
	}
	if _, out := run(t, env, "sites", "check", "--all", "--json"); strings.Contains(out, `"state":"broken"`) || strings.Count(out, `"rungs":`) != len(old) {
		t.Errorf("with the new passwords: %s", out)
	}

	left := l.passwords(t, first, user)
	others := slices.DeleteFunc(slices.Clone(left), func(p wpPassword) bool { return strings.HasPrefix(p.Name, "Drover") })
	if len(left) != 4 || len(others) != 1 || others[0].UUID != made[3].UUID {
		t.Errorf("the network has %v", left)
	}
	for _, p := range made[:3] {
		if slices.ContainsFunc(left, func(l wpPassword) bool { return l.UUID == p.UUID }) {
			t.Errorf("%q is left", p.Name)
		}
	}
	for _, host := range []string{"plain", "bare", "folder", "broken"} {
		if left := l.passwords(t, "https://"+host+".test", user); len(left) != 1 || !strings.HasPrefix(left[0].Name, "Drover (") {
			t.Errorf("%s.test has %v", host, left)
		}
	}
	_, entries := run(t, env, "audit", "list", "--json", "--limit", "1000")
	if n := strings.Count(entries, `"site.rotate"`); n != 3*len(old) {
		t.Errorf("%d entries tell of the rotation of %d sites", n, len(old))
	}
	looksLikeOne := regexp.MustCompile(`\b(?:[A-Za-z0-9]{4} ){5}[A-Za-z0-9]{4}\b|\b[A-Za-z0-9]{24}\b`)
	if found := looksLikeOne.FindString(entries); found != "" {
		t.Errorf("an entry holds %q", found)
	}
}
