package remote

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/vault"
)

func TestRemoteClientFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		var followed atomic.Bool
		otherServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			followed.Store(true)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
		}))
		t.Cleanup(otherServer.Close)
		server := httptest.NewServer(http.RedirectHandler(otherServer.URL, status))
		t.Cleanup(server.Close)
		drover, err := New(server.URL, vault.NewSecret("drover_token"), nil)
		if err != nil {
			t.Fatal(err)
		}
		err = drover.Call(t.Context(), http.MethodGet, "/api/v1/me", nil, nil, func(json.RawMessage) error { return nil })
		if err == nil || followed.Load() {
			t.Errorf("%d: %v, followed: %v", status, err, followed.Load())
		}
	}
}
