package wordpress

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// A server that offers HTTP/2 is spoken to in HTTP/1.1 all the same, and the connection is kept for the next request.
func TestOneConnectionIsKept(t *testing.T) {
	var opened atomic.Int64
	var protocol atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
		echo(w, r)
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	s := connectTo(t, server)
	for range 3 {
		if x := s.do(t, patch); x.Fault != nil {
			t.Fatal(x.Fault)
		}
	}
	if opened.Load() != 1 || protocol.Load() != "HTTP/1.1" {
		t.Errorf("%d connections, %v", opened.Load(), protocol.Load())
	}
}

func TestUnresolved(t *testing.T) {
	for _, c := range []struct {
		err  error
		says string
	}{
		{&net.DNSError{Err: "no such host", Name: "acme.example", IsNotFound: true}, "there is no host acme.example"},
		{&net.DNSError{Err: "server misbehaving", Name: "acme.example", IsTemporary: true}, "gave no answer for acme.example"},
		{&net.DNSError{Err: "i/o timeout", Name: "acme.example", IsTimeout: true}, "gave no answer for acme.example"},
	} {
		err := unresolved("acme.example", c.err)
		v := Classify(Exchange{Fault: err})
		if !errors.Is(err, ErrResolve) || !strings.Contains(v.Note, c.says) || v.Reason != ReasonUnreachable || !v.Retry {
			t.Errorf("%v: %v, %+v", c.err, err, v)
		}
	}
}
