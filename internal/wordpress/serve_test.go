package wordpress

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

const (
	testUser     = "drover"
	testPassword = "abcd EFGH 1234 ijkl MNOP 5678"
)

// served is one HTTPS server under the name example.com, and a network that knows it.
type served struct {
	*httptest.Server
	network *Network
	home    string
}

// serve starts a server that speaks HTTP/2, as sites do.
func serve(t *testing.T, handler http.HandlerFunc, change ...func(*Config)) served {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	return connectTo(t, server, change...)
}

// connectTo returns a network that knows the server, with its policy changed as a test needs it.
func connectTo(t *testing.T, server *httptest.Server, change ...func(*Config)) served {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{AllowNets: loopback, Hosts: map[string]netip.Addr{"example.com": netip.MustParseAddr("127.0.0.1")}, UserAgent: "Drover test"}
	if server.Certificate() != nil {
		c.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	}
	for _, each := range change {
		each(&c)
	}
	s := served{Server: server, network: NewNetwork(c), home: u.Scheme + "://" + net.JoinHostPort("example.com", u.Port())}
	t.Cleanup(s.network.Close)
	return s
}

func (s served) client(override string) *Client {
	return s.network.Client(Address{Home: s.home, Override: override}, testUser, testPassword)
}

func (s served) do(t *testing.T, r Request) Exchange {
	t.Helper()
	return s.client(OverrideNone).Do(context.Background(), r)
}
