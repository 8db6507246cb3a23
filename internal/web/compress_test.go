package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/droverhq/drover/internal/access"
)

// most is how many bytes of scripts and styles a page may cost on the wire.
const most = 60 << 10

// received asks as a browser does, and returns the answer as it came over the wire.
func (p person) received(path, accepted string, headers ...string) (*http.Response, []byte) {
	p.t.Helper()
	r := p.request(http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", accepted)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := p.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer, body
}

var loaded = regexp.MustCompile(`(?:src|href)="(/static/[^"#]+\.(?:js|css))"`)

func TestScriptsAndStylesAreSmallOnTheWire(t *testing.T) {
	owner := newTestServer(t).signIn(t, access.Owner)
	_, page := owner.get("/")
	files := loaded.FindAllStringSubmatch(page, -1)
	if len(files) < 3 {
		t.Fatalf("only %d files are loaded", len(files))
	}
	for _, accepted := range []string{"gzip", "gzip, deflate, br, zstd"} {
		sum := 0
		for _, file := range files {
			_, body := owner.received(file[1], accepted)
			sum += len(body)
		}
		t.Logf("%s: %d bytes", accepted, sum)
		if sum > most {
			t.Errorf("%s: scripts and styles are %d bytes on the wire, at most %d", accepted, sum, most)
		}
	}
}

// Every form of a built file holds the same.
func TestBuiltFilesComeAsTheBrowserReadsThem(t *testing.T) {
	owner := newTestServer(t).signIn(t, access.Owner)
	_, page := owner.get("/")
	path := loaded.FindStringSubmatch(page)[1]
	_, plain := owner.received(path, "identity")
	for accepted, want := range map[string]string{"gzip": "gzip", "gzip, br": "br", "br;q=0, gzip;q=0.5": "gzip", "gzip;q=0": "", "deflate": "", "BR": "br"} {
		answer, body := owner.received(path, accepted)
		if got := answer.Header.Get("Content-Encoding"); got != want {
			t.Errorf("%q gets %q, want %q", accepted, got, want)
			continue
		}
		if got := decoded(t, want, body); !bytes.Equal(got, plain) {
			t.Errorf("%q: %d bytes, want the %d of the file", accepted, len(got), len(plain))
		}
		if !strings.Contains(strings.Join(answer.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%q: a cache cannot tell the forms apart: Vary %q", accepted, answer.Header.Values("Vary"))
		}
	}
}

func decoded(t *testing.T, encoding string, body []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	switch encoding {
	case "gzip":
		unzipped, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = unzipped
	case "br":
		r = brotli.NewReader(r)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Pages are compressed, but not where their length could tell a secret in them (BREACH).
func TestPagesAreCompressedUnlessTheyHoldASecret(t *testing.T) {
	h := newTestServer(t)
	owner := h.signIn(t, access.Owner)
	for _, c := range []struct {
		name, path string
		headers    []string
		want       string
	}{
		{"a page", "/team", nil, "gzip"},
		{"a page that a page of ours leads to", "/team", []string{"Sec-Fetch-Site", "same-origin"}, "gzip"},
		{"a page that another site leads to", "/team", []string{"Sec-Fetch-Site", "cross-site"}, ""},
		{"a page that a neighbour leads to", "/team", []string{"Sec-Fetch-Site", "same-site"}, ""},
		{"a one-time link", "/join/ABCDEFGHIJKLMNOPQRSTUVWXYZ", nil, ""},
	} {
		answer, _ := owner.received(c.path, "gzip", c.headers...)
		if got := answer.Header.Get("Content-Encoding"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if answer.Header.Get("No-Gzip-Compression") != "" {
			t.Errorf("%s: an internal header left", c.name)
		}
	}
	token := url.Values{"name": {"hook"}, "role": {"viewer"}, "days": {"90"}, "sites": {"all"}, "operations": {"all"}}
	r := owner.request(http.MethodPost, "/settings/tokens", token)
	r.Header.Set("Accept-Encoding", "gzip")
	answer, err := owner.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if answer.Header.Get("Content-Encoding") != "" || answer.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("drover_")) {
		t.Errorf("the page with a new token: %d %q", answer.StatusCode, answer.Header.Get("Content-Encoding"))
	}
}
