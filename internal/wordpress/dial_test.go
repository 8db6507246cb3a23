package wordpress

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Idle connections of HTTP/2 are closed too when there are too many.
func TestKeptConnectionsAreBounded(t *testing.T) {
	closed := make(chan struct{}, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	s := reach(t, server)
	if x := s.do(t, patch); x.Fault != nil || s.network.open.Load() != 1 {
		t.Fatalf("%v, %d connections", x.Fault, s.network.open.Load())
	}
	total, _ := s.network.Limits()
	s.network.open.Store(int64(idle + total))
	near, far := net.Pipe()
	defer far.Close()
	one := s.network.counted(near)
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Fatal("the idle connection is still there")
	}
	one.Close()
	if err := one.Close(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	if x := s.do(t, patch); x.Fault != nil {
		t.Errorf("the next request: %v", x.Fault)
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
