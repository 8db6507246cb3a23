package wordpress

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Probe is what can be seen of a site without a credential and without its REST API.
type Probe struct {
	Host    string
	Address netip.Addr
	Lookup  error // why no address was found that may be used
	Connect error // why no page was got there

	Version string    // of TLS
	Until   time.Time // when the certificate expires
	SentAt  time.Time // by this machine's clock
	Date    time.Time // by the site's; zero where it does not say
}

// Probe looks up a site and asks for the head of its home page, within all limits and the policy of addresses.
func (n *Network) Probe(ctx context.Context, home string) Probe {
	u, err := url.Parse(home)
	if err != nil {
		return Probe{Lookup: err}
	}
	p := Probe{Host: u.Hostname()}
	found, err := n.addresses(ctx, home)
	if err != nil || len(found) == 0 {
		p.Lookup = err
		if err == nil {
			p.Lookup = fmt.Errorf("%s has no address", p.Host)
		}
		return p
	}
	p.Address = found[0]
	ctx = context.WithValue(ctx, pinned{}, p.Address)
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, home, http.NoBody)
	if err != nil {
		p.Connect = err
		return p
	}
	request.Header.Set("User-Agent", n.userAgent)
	p.SentAt = time.Now()
	answer, err := n.transport.RoundTrip(request)
	if err != nil {
		p.Connect = err
		return p
	}
	defer answer.Body.Close()
	p.SentAt = p.SentAt.Add(time.Since(p.SentAt) / 2)
	p.Date, _ = http.ParseTime(answer.Header.Get("Date")) // zero where there is none
	p.Version = "plain HTTP"
	if answer.TLS != nil && len(answer.TLS.PeerCertificates) > 0 {
		p.Version, p.Until = tls.VersionName(answer.TLS.Version), answer.TLS.PeerCertificates[0].NotAfter
	}
	return p
}
