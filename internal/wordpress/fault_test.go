package wordpress

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var patch = Request{Method: http.MethodPatch, Path: "/x", Body: []byte(`{}`)}

func TestTimeoutAfterSending(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"silence": func(http.ResponseWriter) {},
		"dripping": func(w http.ResponseWriter) {
			for range 3 {
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // a server notices that the client is gone only when it has read all
				answer(w)
				<-r.Context().Done()
			})
			r := patch
			r.Timeout = 300 * time.Millisecond
			x := s.do(t, r)
			if v := Classify(x); !errors.Is(x.Fault, ErrTimeout) || !x.Sent || v.Outcome != Unknown || v.Reason != ReasonTimeout || x.Took > 3*time.Second {
				t.Errorf("%v, sent %v, %+v in %v", x.Fault, x.Sent, v, x.Took)
			}
		})
	}
}

func TestCutAfterSending(t *testing.T) {
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	x := s.do(t, patch)
	if v := Classify(x); !errors.Is(x.Fault, ErrCutOff) || !x.Sent || v.Outcome != Unknown || v.Reason != ReasonCutOff || !v.Retry {
		t.Errorf("%v, sent %v, %+v", x.Fault, x.Sent, v)
	}
}

func TestBodyCutShort(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"success":true}`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	x := s.do(t, patch)
	if v := Classify(x); v.Outcome != Unknown || v.Reason != ReasonCutOff || x.Status != 200 {
		t.Errorf("%v, %+v", x.Fault, v)
	}
}

func TestCancelledAfterSending(t *testing.T) {
	arrived := make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		cancel()
	}()
	x := s.client(OverrideNone).Do(ctx, patch)
	if v := Classify(x); !errors.Is(x.Fault, ErrCancelled) || !x.Sent || v.Outcome != Unknown || v.Retry {
		t.Errorf("%v, sent %v, %+v", x.Fault, x.Sent, v)
	}
}

func TestTLSFaults(t *testing.T) {
	for name, c := range map[string]struct {
		server func(*tls.Config)
		client func(*Config)
		host   string
		says   string
	}{
		"unknown authority": {client: func(c *Config) { c.RootCAs = nil }, says: "unknown authority"},
		"another name":      {host: "other.example", says: "another host name"},
		"ciphers without forward secrecy": {server: func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA}
		}, says: "TLS"},
		"an old version": {server: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11; c.MinVersion = tls.VersionTLS10 }, says: "TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
			server.Config.ErrorLog = quiet
			server.TLS = &tls.Config{}
			if c.server != nil {
				c.server(server.TLS)
			}
			server.StartTLS()
			t.Cleanup(server.Close)
			s := connectTo(t, server, func(n *Config) {
				n.Hosts["other.example"] = netip.MustParseAddr("127.0.0.1")
				if c.client != nil {
					c.client(n)
				}
			})
			if c.host != "" {
				s.home = strings.Replace(s.home, "example.com", c.host, 1)
			}
			x := s.do(t, patch)
			if v := Classify(x); !errors.Is(x.Fault, ErrTLS) || x.Sent || v.Reason != ReasonTLS || !strings.Contains(v.Note, c.says) {
				t.Errorf("%v, sent %v, %+v", x.Fault, x.Sent, v)
			}
		})
	}
}

func TestNoTLSOnThePort(t *testing.T) {
	s := connectTo(t, httptest.NewServer(http.HandlerFunc(echo)))
	t.Cleanup(s.Server.Close)
	s.home = strings.Replace(s.home, "http://", "https://", 1)
	x := s.do(t, patch)
	if !errors.Is(x.Fault, ErrTLS) || x.Sent || !strings.Contains(x.Fault.Error(), "does not use TLS") {
		t.Errorf("%v, sent %v", x.Fault, x.Sent)
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	n := NewNetwork(Config{AllowNets: loopback})
	x := n.Client(Address{Home: fmt.Sprintf("https://127.0.0.1:%d", port)}, testUser, testPassword).Do(context.Background(), patch)
	if v := Classify(x); !errors.Is(x.Fault, ErrConnect) || x.Sent || v.Reason != ReasonUnreachable || !strings.Contains(v.Note, "connection refused") {
		t.Errorf("%v, sent %v, %+v", x.Fault, x.Sent, v)
	}
}

// A server that closes a kept connection just as a request goes out on it: the request must not be sent twice by itself.
func TestStaleConnectionIsNotRepeated(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	patches := make(chan string, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerOnce(conn, patches)
		}
	}()
	n := NewNetwork(Config{AllowNets: loopback})
	t.Cleanup(n.Close)
	c := n.Client(Address{Home: "http://" + listener.Addr().String()}, testUser, testPassword)
	if x := c.Do(context.Background(), Request{Method: http.MethodGet, Path: "/"}); x.Fault != nil {
		t.Fatal(x.Fault)
	}
	x := c.Do(context.Background(), patch)
	if v := Classify(x); v.Outcome != Unknown || v.Reason != ReasonCutOff || len(patches) != 1 {
		t.Errorf("%v, %+v; the request arrived %d times", x.Fault, v, len(patches))
	}
}

// answerOnce answers the first request of a connection and cuts it at the second.
func answerOnce(conn net.Conn, second chan<- string) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for n := 0; ; n++ {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method != http.MethodGet || n > 0 {
			second <- r.Method
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
	}
}
