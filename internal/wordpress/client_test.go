package wordpress

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var quiet = log.New(io.Discard, "", 0)

// seenRequest is what a server saw of a request.
type seenRequest struct {
	Method, URI, Body string
	Header            http.Header
}

// echo answers with what it sees.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Set-Cookie", "session=1; Path=/")
	w.Header().Set("X-WP-Total", "7")
	_ = json.NewEncoder(w).Encode(seenRequest{r.Method, r.RequestURI, string(body), r.Header})
}

func readSeen(t *testing.T, x Exchange) seenRequest {
	t.Helper()
	var seen seenRequest
	if x.Fault != nil || json.Unmarshal(x.Body, &seen) != nil {
		t.Fatalf("%d %v %q", x.Status, x.Fault, x.Body)
	}
	return seen
}

func TestDoSends(t *testing.T) {
	s := serve(t, echo)
	clear := Request{Method: http.MethodPatch, Path: "/bigscoots-cache/v2/clear-cache?a=b", Body: []byte(`{"purge_type":"all"}`),
		Header: http.Header{"X-Trace": {"7"}}}
	for _, c := range []struct {
		name, override, method, uri, header string
		r                                   Request
		typed                               string
	}{
		{"a patch", OverrideNone, "PATCH", "/wp-json/bigscoots-cache/v2/clear-cache?a=b", "", clear, "application/json"},
		{"a patch hidden by header", OverrideHeader, "POST", "/wp-json/bigscoots-cache/v2/clear-cache?a=b", "PATCH", clear, "application/json"},
		{"a patch hidden in the query", OverrideQuery, "POST", "/wp-json/bigscoots-cache/v2/clear-cache?a=b&_method=PATCH", "", clear, "application/json"},
		{"a delete hidden in the query", OverrideQuery, "POST", "/wp-json/x?_method=DELETE", "", Request{Method: http.MethodDelete, Path: "/x"}, "application/json"},
		{"a delete without a body", OverrideNone, "DELETE", "/wp-json/x", "", Request{Method: http.MethodDelete, Path: "/x"}, "application/json"},
		{"a get is not hidden", OverrideHeader, "GET", "/wp-json/x", "", Request{Method: http.MethodGet, Path: "/x"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := s.client(c.override).Do(context.Background(), c.r)
			seen := readSeen(t, x)
			user, password, _ := (&http.Request{Header: seen.Header}).BasicAuth()
			if seen.Method != c.method || seen.URI != c.uri || seen.Header.Get("X-HTTP-Method-Override") != c.header || seen.Body != string(c.r.Body) {
				t.Errorf("sent %+v", seen)
			}
			if user != testUser || password != testPassword || seen.Header.Get("Content-Type") != c.typed || seen.Header.Get("Accept") != "application/json" {
				t.Errorf("sent %v", seen.Header)
			}
			if x.Method != c.r.Method || x.URL != s.home+c.uri || !x.Sent || x.Address.String() != "127.0.0.1" || x.Took <= 0 {
				t.Errorf("the exchange says %+v", x)
			}
		})
	}
}

func TestNoCookiesAndNoCredentialKept(t *testing.T) {
	s := serve(t, echo)
	for range 2 {
		x := s.do(t, Request{Method: http.MethodGet, Path: "/"})
		if seen := readSeen(t, x); seen.Header.Get("Cookie") != "" || seen.Header.Get("User-Agent") != "Drover test" {
			t.Errorf("sent %v", seen.Header)
		}
		if x.Header.Get("Set-Cookie") != "" || x.Header.Get("X-Wp-Total") != "7" {
			t.Errorf("kept %v", x.Header)
		}
		x.Body = nil // the echo's own
		if printed := fmt.Sprintf("%+v", x); strings.Contains(printed, "Basic") || strings.Contains(printed, "MNOP") {
			t.Errorf("the exchange holds the credential: %s", printed)
		}
	}
	if x := s.network.Client(Address{Home: s.home}, "", "secret").Do(context.Background(), Request{Method: http.MethodGet, Path: "/"}); readSeen(t,
		x).Header.Get("Authorization") != "" {
		t.Error("a client without a name sends a password")
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var hits atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "https://www.example.com/wp-json/x", http.StatusMovedPermanently)
	})
	v := Classify(s.do(t, Request{Method: http.MethodPatch, Path: "/x"}))
	if v.Reason != ReasonRedirected || v.Location != "https://www.example.com/wp-json/x" || hits.Load() != 1 {
		t.Errorf("%+v after %d requests", v, hits.Load())
	}
}

func TestPage(t *testing.T) {
	s := serve(t, echo)
	c := s.client(OverrideQuery)
	x := c.Page(context.Background(), s.home+"/about/?x=1#top")
	if seen := readSeen(t, x); seen.URI != "/about/?x=1" || seen.Header.Get("Authorization") != "" || seen.Method != "GET" {
		t.Errorf("sent %+v", seen)
	}
	for _, other := range []string{"https://www.example.com/", "http://example.com/", "https://user:pw@" + strings.TrimPrefix(s.home, "https://") + "/", "", "::",
		"/about/"} {
		if x := c.Page(context.Background(), other); !errors.Is(x.Fault, ErrRequest) || x.Sent {
			t.Errorf("Page(%q) = %+v", other, x)
		}
	}
}

func TestRootOfAnotherHostIsForgotten(t *testing.T) {
	s := serve(t, echo)
	c := s.network.Client(Address{Home: s.home, Root: "https://evil.example/wp-json/"}, testUser, testPassword)
	if address, err := c.URL(Request{Method: http.MethodGet, Path: "/x"}); err != nil || address != s.home+"/wp-json/x" {
		t.Errorf("URL = %q, %v", address, err)
	}
}

func TestBodyIsCapped(t *testing.T) {
	small := func(c *Config) { c.MaxBody = 1000 }
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wp-json/fits" {
			_, _ = io.WriteString(w, strings.Repeat(" ", 1000))
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		for r.Context().Err() == nil {
			if _, err := packed.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}, small)
	if x := s.do(t, Request{Method: http.MethodGet, Path: "/fits"}); x.Fault != nil || x.TooLarge || len(x.Body) != 1000 {
		t.Errorf("%v, %v, %d bytes", x.Fault, x.TooLarge, len(x.Body))
	}
	x := s.do(t, Request{Method: http.MethodGet, Path: "/bomb", Timeout: time.Minute})
	if !errors.Is(x.Fault, ErrTooLarge) || !x.TooLarge || len(x.Body) != 1000 || !x.Sent {
		t.Errorf("%v, %v, %d bytes in %v", x.Fault, x.TooLarge, len(x.Body), x.Took)
	}
}

func TestReadyDecides(t *testing.T) {
	var hits atomic.Int64
	s := serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	stop := errors.New("not now")
	if x := s.client(OverrideNone).Through(Gate{Ready: func() error { return stop }}).Do(t.Context(),
		Request{Method: http.MethodGet, Path: "/"}); !errors.Is(x.Fault, stop) || x.Sent || hits.Load() != 0 {
		t.Errorf("%+v after %d requests", x, hits.Load())
	}
}

// A server that asked for a pause is left alone, and whoever waits for a page learns so at once.
func TestAPersonDoesNotWaitForAPause(t *testing.T) {
	var hits atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	page := s.client(OverrideNone).Through(Gate{MaxPause: 2 * time.Second})
	if at, v := page.Locate(t.Context()); at.Root != "" || v.Reason != ReasonRateLimited {
		t.Errorf("the first look: %+v %+v", at, v)
	}
	before := hits.Load()
	x := page.Do(t.Context(), Request{Method: http.MethodGet, Path: "/"})
	if v := Classify(x); !errors.Is(x.Fault, ErrBusy) || x.Sent || hits.Load() != before || v.Outcome != Failed || v.Reason != ReasonRateLimited || !v.Retry {
		t.Errorf("in the pause: %+v %+v after %d requests", x, v, hits.Load()-before)
	}
	if x.Waited >= time.Second {
		t.Errorf("it waited for %v", x.Waited)
	}
}
