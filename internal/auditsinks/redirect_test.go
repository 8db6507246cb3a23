package auditsinks

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/audit"
)

func TestHookFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		var followed atomic.Bool
		otherServer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Store(true) }))
		t.Cleanup(otherServer.Close)
		server := httptest.NewTLSServer(http.RedirectHandler(otherServer.URL, status))
		t.Cleanup(server.Close)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
		hook, err := NewHook(server.URL, secret, pool)
		if err != nil {
			t.Fatal(err)
		}
		if err := hook.Send(t.Context(), []audit.Line{{}}); err == nil || followed.Load() {
			t.Errorf("%d: the entries count as sent (%v), followed: %v", status, err, followed.Load())
		}
	}
}
