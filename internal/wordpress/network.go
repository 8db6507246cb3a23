// Package wordpress speaks to one WordPress site: it finds the REST API, sends one request, and says what the answer means. It is
// the only room with an HTTP client. It knows no list of sites, stores nothing, and never shows a credential.
package wordpress

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// Config says how a process may speak to sites.
type Config struct {
	AllowNets   []netip.Prefix        // networks that sites may be in, beside public addresses
	RootCAs     *x509.CertPool        // nil: the system's
	Hosts       map[string]netip.Addr // names answered before DNS, in lower case
	DNS         LookUp                // answers all other names; nil: the system's
	Concurrency int                   // exchanges under way at once; 0 means 256
	PerAddress  int                   // exchanges under way at once to one address; 0 means 2
	MaxBody     int64                 // bytes of an answer that are kept, after decompression; 0 means 1 MiB
	UserAgent   string
}

// LookUp returns the addresses of a host, as net.Resolver.LookupNetIP does.
type LookUp func(ctx context.Context, network, host string) ([]netip.Addr, error)

// Network is shared by all clients of a process: connections, name look-ups, limits, and the policy of addresses.
type Network struct {
	transport *http.Transport
	guardian  *ssrf.Guardian
	resolver  *resolver
	limits    *limits
	allow     []netip.Prefix
	maxBody   int64
	userAgent string
}

// NewNetwork returns a network. Nothing is sent or looked up yet.
func NewNetwork(c Config) *Network {
	n := &Network{
		guardian: guardian(c.AllowNets), resolver: newResolver(c.Hosts, c.DNS), allow: c.AllowNets,
		limits:  newLimits(cmp.Or(c.Concurrency, 256), cmp.Or(c.PerAddress, 2)),
		maxBody: cmp.Or(c.MaxBody, 1<<20), userAgent: cmp.Or(c.UserAgent, "Drover"),
	}
	n.transport = &http.Transport{
		Proxy:                  nil, // a proxy from the environment would see every credential
		DialContext:            n.dial,
		Protocols:              oneAtATime(),
		DisableCompression:     true, // readBody decompresses by what the bytes are, not by what they are called
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs, ClientSessionCache: tls.NewLRUClientSessionCache(sessions)},
		TLSHandshakeTimeout:    15 * time.Second,
		MaxIdleConns:           idle,
		MaxIdleConnsPerHost:    n.limits.perAddress,
		IdleConnTimeout:        60 * time.Second, // below nginx's 75 s, so that a kept connection is rarely closed under a request
		MaxResponseHeaderBytes: 64 << 10,
		ReadBufferSize:         2 << 10, // answers are short, and connections many
		WriteBufferSize:        2 << 10,
	}
	return n
}

// oneAtATime is HTTP/1.1: a site is asked one thing at a time, so HTTP/2's streams would gain nothing, and its connections cost more
// time and memory on both ends.
func oneAtATime() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

// sessions bounds the TLS sessions that are kept for resumption: one for each site of a large agency. idle bounds the connections
// that are kept open, which cost memory and file descriptors on both ends.
const (
	sessions = 6000
	idle     = 1000
)

// Close closes the connections that nobody uses.
func (n *Network) Close() { n.transport.CloseIdleConnections() }

// Limits returns how many exchanges may be under way at once, in all and to one address.
func (n *Network) Limits() (total, perAddress int) { return n.limits.total, n.limits.perAddress }
