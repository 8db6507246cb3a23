package wptest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func TestOtherRootsAnswer(t *testing.T) {
	for fault, root := range map[wptest.Fault]string{wptest.PlainPermalinks: "/?rest_route=", wptest.IndexPHPRoot: "/index.php/wp-json"} {
		fake, client := start(t, wptest.Options{Sites: []wptest.Site{{Fault: fault}}})
		if answer, text, err := send(t, client, http.MethodGet, fake.URL(0)+root+"/wp/v2/users/me", ""); err != nil || answer.StatusCode != http.StatusOK ||
			!strings.Contains(text, `"username":"drover"`) {
			t.Errorf("%s: %v %.200s", fault, err, text)
		}
	}
}

func TestFaultsThatCut(t *testing.T) {
	for fault, want := range map[wptest.Fault]struct {
		read, write bool // comes back whole
		calls       int
	}{wptest.CutBefore: {false, false, 0}, wptest.CutAfter: {true, false, 1}, wptest.VerbsCut: {true, false, 0}} {
		for _, old := range []bool{false, true} {
			fake, client := start(t, wptest.Options{HTTP1: old, Sites: []wptest.Site{{Fault: fault}}})
			if _, _, err := send(t, client, http.MethodGet, fake.URL(0)+index, ""); (err == nil) != want.read {
				t.Errorf("%s, HTTP/1 %v: a read ends with %v", fault, old, err)
			}
			_, _, err := send(t, client, http.MethodPatch, fake.URL(0)+clear, clearAll)
			if (err == nil) != want.write || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, HTTP/1 %v: a change ends with %v", fault, old, err)
			}
			if calls := len(fake.Calls(0)); calls != want.calls {
				t.Errorf("%s, HTTP/1 %v: %d calls were carried out, want %d", fault, old, calls, want.calls)
			}
		}
	}
	fake, client := start(t, wptest.Options{Sites: []wptest.Site{{Fault: wptest.VerbsCut}}})
	if answer, text, err := send(t, client, http.MethodPost, fake.URL(0)+clear, clearAll, "X-HTTP-Method-Override", "PATCH"); err != nil ||
		answer.StatusCode != http.StatusOK || len(fake.Calls(0)) != 1 {
		t.Errorf("in disguise: %v %s", err, text)
	}
}

func TestDisguisesOfBlockedVerbs(t *testing.T) {
	for fault, header := range map[wptest.Fault]int{wptest.VerbsBlocked: http.StatusOK, wptest.OverrideStripped: http.StatusMethodNotAllowed} {
		fake, client := start(t, wptest.Options{Sites: []wptest.Site{{Fault: fault}}})
		if answer, _, err := send(t, client, http.MethodPost, fake.URL(0)+clear, clearAll, "X-HTTP-Method-Override", "PATCH"); err != nil ||
			answer.StatusCode != header {
			t.Errorf("%s, by header: %v %v", fault, answer, err)
		}
		if answer, _, err := send(t, client, http.MethodPost, fake.URL(0)+clear+"?_method=PATCH", clearAll); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s, by query: %v %v", fault, answer, err)
		}
	}
}

func TestFaultsOfSize(t *testing.T) {
	fake, client := start(t, wptest.Options{Sites: []wptest.Site{{Fault: wptest.TooLarge}, {Fault: wptest.GzipBomb}}})
	if answer, text, err := send(t, client, http.MethodPatch, fake.URL(0)+clear, clearAll); err != nil || len(text) != 50<<20 ||
		answer.StatusCode != http.StatusOK {
		t.Errorf("too large: %d bytes, %v", len(text), err)
	}
	answer, packed, err := send(t, client, http.MethodPatch, fake.URL(1)+clear, clearAll)
	if err != nil || answer.Header.Get("Content-Encoding") != "gzip" || len(packed) > 1<<20 {
		t.Fatalf("the bomb: %d bytes, %v", len(packed), err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader([]byte(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, unpacked); err != nil || n != 200<<20 {
		t.Errorf("the bomb unpacks to %d bytes, %v", n, err)
	}
	for i := range 2 {
		if answer, _, err := send(t, client, http.MethodGet, fake.URL(i)+index, ""); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("reads are not well: %v", err)
		}
	}
}

func TestFaultsOfTime(t *testing.T) {
	fake, client := start(t, wptest.Options{Sites: []wptest.Site{{Fault: wptest.Silent}, {Fault: wptest.Slow},
		{Latency: [2]time.Duration{80 * time.Millisecond, 120 * time.Millisecond}}}})
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, fake.URL(0), nil)
	if answer, err := client.Do(r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the silent site says %v, %v", answer, err)
	}
	ctx, cancel = context.WithTimeout(context.Background(), 1500*time.Millisecond)
	defer cancel()
	r, _ = http.NewRequestWithContext(ctx, http.MethodPatch, fake.URL(1)+clear, strings.NewReader(clearAll))
	answer, err := client.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("the slow site does not begin to answer: %v", err)
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if !errors.Is(err, context.DeadlineExceeded) || len(text) == 0 || len(text) > 2 {
		t.Errorf("the slow site gave %d bytes, %v", len(text), err)
	}
	began := time.Now()
	if _, _, err := send(t, client, http.MethodGet, fake.URL(2)+index, ""); err != nil || time.Since(began) < 80*time.Millisecond {
		t.Errorf("an answer that takes 80 ms at least came after %v, %v", time.Since(began), err)
	}
}

func TestFaultsOfReaching(t *testing.T) {
	is := func(target any) func(error) bool { return func(err error) bool { return errors.As(err, target) } }
	for fault, right := range map[wptest.Fault]func(error) bool{
		wptest.CertExpired: func(err error) bool {
			var invalid x509.CertificateInvalidError
			return errors.As(err, &invalid) && invalid.Reason == x509.Expired
		},
		wptest.CertWrongHost: is(new(x509.HostnameError)), wptest.CertUnknownCA: is(new(x509.UnknownAuthorityError)), wptest.DNSMissing: is(new(*net.DNSError)),
		wptest.Closed: func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) },
	} {
		fake, client := start(t, wptest.Options{Sites: []wptest.Site{{Host: "well.example"}, {Host: "acme.example", Fault: fault}}})
		if _, _, err := send(t, client, http.MethodGet, fake.URL(1), ""); !right(err) {
			t.Errorf("%s: %v", fault, err)
		}
		if _, _, err := send(t, client, http.MethodGet, fake.URL(0), ""); err != nil {
			t.Errorf("%s: its neighbour cannot be reached: %v", fault, err)
		}
	}
}

// What a cache in front of the site shows before and after a purge.
func TestPagesAndTheirCache(t *testing.T) {
	for fault, after := range map[wptest.Fault]string{wptest.Healthy: "MISS", wptest.PurgeIgnored: "HIT", wptest.NotCached: "BYPASS"} {
		fake, client := start(t, wptest.Options{Sites: []wptest.Site{{Fault: fault}}})
		get := func() (string, int) {
			answer, _, err := send(t, client, http.MethodGet, fake.URL(0)+"/prices/", "")
			if err != nil {
				t.Fatal(err)
			}
			age, _ := strconv.Atoi(answer.Header.Get("Age"))
			return answer.Header.Get("Cf-Cache-Status"), age
		}
		if state, age := get(); fault != wptest.NotCached && (state != "HIT" || age < 3000) {
			t.Errorf("%s: before, %s of %d s", fault, state, age)
		}
		if _, text, err := send(t, client, http.MethodPatch, fake.URL(0)+clear, clearAll); err != nil || !strings.Contains(text, `"success":true`) {
			t.Fatal(text, err)
		}
		if state, _ := get(); state != after {
			t.Errorf("%s: after, %s, want %s", fault, state, after)
		}
		if state, age := get(); fault == wptest.Healthy && (state != "HIT" || age > 60) {
			t.Errorf("the second look after: %s of %d s", state, age)
		}
	}
}

func TestPostsThatCannotBeCleared(t *testing.T) {
	fake, client := start(t, wptest.Options{Sites: []wptest.Site{{}, {Fault: wptest.PartialPosts}}})
	for body, want := range map[string]string{
		`{"purge_type":"post_ids","post_ids":[1,2]}`: `"success":true`, `{"purge_type":"post_ids","post_ids":[1,10,999]}`: `"post_doesnt_exists":[999]`,
		`{"purge_type":"post_ids","post_ids":[999]}`: "no_post_id_eligible",
		`{"purge_type":"urls","urls":[]}`:            "invalid_urls", `{"purge_type":"some"}`: "improper_purge_type", ``: "no_data_provided",
		`{"purge_type":"urls","urls":["https://other.example/"]}`: `"success":true`,
	} {
		if _, text, err := send(t, client, http.MethodPatch, fake.URL(0)+clear, body); err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %v %s", body, err, text)
		}
	}
	if _, text, err := send(t, client, http.MethodPatch, fake.URL(1)+clear, `{"purge_type":"post_ids","post_ids":[1]}`); err != nil ||
		!strings.Contains(text, "post_ids_with_error") {
		t.Errorf("partial: %v %s", err, text)
	}
}

func TestAnswerInASitesPlace(t *testing.T) {
	fake, client := start(t, wptest.Options{Sites: []wptest.Site{{Answer: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/teapot" {
			return false
		}
		w.WriteHeader(http.StatusTeapot)
		return true
	}}}})
	for path, want := range map[string]int{"/teapot": http.StatusTeapot, index: http.StatusOK} {
		if answer, _, err := send(t, client, http.MethodGet, fake.URL(0)+path, ""); err != nil || answer.StatusCode != want {
			t.Errorf("%s: %v, %v", path, answer, err)
		}
	}
	fake.SetFault(0, wptest.Maintenance)
	if answer, _, err := send(t, client, http.MethodGet, fake.URL(0)+index, ""); err != nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a fault that comes later: %v, %v", answer, err)
	}
	if n := fake.MaxInFlight(netip.MustParseAddr("127.77.0.1")); n != 1 {
		t.Errorf("%d requests were under way at once, want 1", n)
	}
}
