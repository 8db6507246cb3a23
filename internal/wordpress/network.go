// Package wordpress speaks to one WordPress site: it finds the REST API, sends one request, and says what the answer means. It is
// the only room with an HTTP client. It knows no list of sites, stores nothing, and never shows a credential.
package wordpress

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
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
	Concurrency int                   // exchanges under way at once; 0 means 256
	PerAddress  int                   // exchanges under way at once to one address; 0 means 2
	MaxBody     int64                 // bytes of an answer that are kept, after decompression; 0 means 1 MiB
	UserAgent   string
}

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
		guardian: guardian(c.AllowNets), resolver: newResolver(c.Hosts), allow: c.AllowNets,
		limits:  newLimits(cmp.Or(c.Concurrency, 256), cmp.Or(c.PerAddress, 2)),
		maxBody: cmp.Or(c.MaxBody, 1<<20), userAgent: cmp.Or(c.UserAgent, "Drover"),
	}
	n.transport = &http.Transport{
		Proxy:                  nil, // a proxy from the environment would see every credential
		DialContext:            n.dial,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs, ClientSessionCache: tls.NewLRUClientSessionCache(sessions)},
		TLSHandshakeTimeout:    15 * time.Second,
		MaxIdleConns:           sessions,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        60 * time.Second, // below nginx's 75 s, so that a kept connection is rarely closed under a request
		MaxResponseHeaderBytes: 64 << 10,
		ReadBufferSize:         8 << 10,
	}
	return n
}

// sessions bounds kept connections and TLS sessions: the number of sites that a large agency looks after.
const sessions = 5000

// Close closes the connections that nobody uses.
func (n *Network) Close() { n.transport.CloseIdleConnections() }

// Limits returns how many exchanges may be under way at once, in all and to one address.
func (n *Network) Limits() (total, perAddress int) { return cap(n.limits.total), n.limits.perAddress }

func guardian(allow []netip.Prefix) *ssrf.Guardian {
	var v4, v6 []netip.Prefix
	for _, prefix := range allow {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	return ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
}

// roundTrip is one HTTP exchange without redirects, cookies or a second try.
func (n *Network) roundTrip(request *http.Request) (*http.Response, error) {
	return n.transport.RoundTrip(request)
}

// place is the right to speak to one address.
type place struct {
	address netip.Addr
	all     []netip.Addr // the address first, then the others of the host
	free    func()
}

// reserve resolves the host, checks that the address may be spoken to, and waits for a place at it. The wait does not count as time
// of the exchange.
func (n *Network) reserve(ctx context.Context, scheme, host string) (place, error) {
	addresses, err := n.resolver.lookup(ctx, host)
	if err != nil {
		return place{}, err
	}
	addresses, err = n.reachable(scheme, host, addresses)
	if err != nil {
		return place{}, err
	}
	free, err := n.limits.take(ctx, addresses[0])
	if err != nil {
		return place{}, err
	}
	return place{address: addresses[0], all: addresses, free: free}, nil
}

// reachable keeps the addresses that the policy lets Drover speak to, and says why when there is none.
func (n *Network) reachable(scheme, host string, all []netip.Addr) ([]netip.Addr, error) {
	var kept []netip.Addr
	var refused error
	for _, address := range all {
		switch {
		case n.guardian.SafeAddr(address) != nil:
			refused = fmt.Errorf("%w: %s is at %s, which is not a public address", ErrRefusedAddress, host, address)
		case scheme == "http" && !n.allowed(address):
			refused = fmt.Errorf("%w: %s is reached without encryption, which would show the password to everybody in between", ErrRefusedAddress, host)
		default:
			kept = append(kept, address)
		}
	}
	if len(kept) == 0 {
		return nil, refused
	}
	return kept, nil
}

// allowed tells whether the address is in a network that somebody allowed on purpose.
func (n *Network) allowed(address netip.Addr) bool {
	for _, prefix := range n.allow {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}
