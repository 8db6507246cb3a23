package remote_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/remote"
)

func TestHealthy(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	plain, secured := httptest.NewServer(http.HandlerFunc(answer)), httptest.NewTLSServer(http.HandlerFunc(answer))
	defer plain.Close()
	defer secured.Close()
	for _, c := range []struct {
		address, page, name string
		well                bool
	}{
		{plain.Listener.Addr().String(), "/healthz", "", true},
		{plain.Listener.Addr().String(), "/readyz", "", false},
		{secured.Listener.Addr().String(), "/healthz", "drover.example", true},
		{secured.Listener.Addr().String(), "/healthz", "", false},
		{"127.0.0.1:1", "/healthz", "", false},
	} {
		if err := remote.Healthy(t.Context(), c.address, c.page, c.name); (err == nil) != c.well {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestLocal(t *testing.T) {
	for addr, want := range map[string]string{":8080": "127.0.0.1:8080", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "[::1]:80", "10.1.2.3:80": "10.1.2.3:80",
		"drover:80": "drover:80", "80": ""} {
		got, err := remote.Local(addr)
		if got != want || (err == nil) != (want != "") || err != nil && !strings.Contains(err.Error(), addr) {
			t.Errorf("%s: %q %v", addr, got, err)
		}
	}
}
