package wordpress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"
)

// Exchange is one request and what came back. It never holds a credential.
type Exchange struct {
	Method      string // as it was asked for
	URL         string // as it was sent
	Override    string // how the method was hidden in a POST, see Address
	RequestBody []byte
	Sent        bool // some byte of the request may have reached the site
	Status      int  // 0 without an answer
	Header      http.Header
	Body        []byte
	TooLarge    bool // the body is longer than what was kept
	Fault       error
	Address     netip.Addr // spoken to, or tried
	Started     time.Time
	Took        time.Duration // without the wait for its turn
	Waited      time.Duration // for its turn

	CertificateEnds time.Time // of the site's certificate; zero without one

	conceal func(string) string // takes the credential out of a text; nil without one
}

// mostAddresses is how many addresses of a host are tried when they accept no connection.
const mostAddresses = 3

// exchange sends to the host's first address that accepts a connection.
func (c *Client) exchange(ctx context.Context, r Request, w wire) Exchange {
	x := Exchange{Method: r.Method, RequestBody: r.Body, Started: time.Now(), conceal: c.concealing()}
	_, x.URL, x.Override = c.disguise(r, w)
	addresses, err := c.network.addresses(ctx, w.url)
	if err != nil {
		x.Fault = err
		return x
	}
	for _, address := range addresses[:min(len(addresses), mostAddresses)] {
		x.Address, x.Fault = address, nil
		c.turn(ctx, r, w, &x)
		if !errors.Is(x.Fault, ErrConnect) {
			break
		}
	}
	return x
}

// addresses decides where the URL's host may be spoken to.
func (n *Network) addresses(ctx context.Context, address string) ([]netip.Addr, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, requestError("Drover cannot send requests to this URL.")
	}
	all, err := n.resolver.lookup(ctx, u.Hostname())
	if err != nil {
		return nil, err
	}
	return n.permitted(u.Scheme, u.Hostname(), all)
}

const usualTimeout = 30 * time.Second

// turn waits for a place at the exchange's address and holds it until the answer has been read, so that slow answers count too.
func (c *Client) turn(ctx context.Context, r Request, w wire, x *Exchange) {
	came := time.Now()
	leased, release, err := c.lease(ctx, x.Address)
	if err != nil {
		x.Fault = err
		return
	}
	defer release()
	defer func() {
		if x.Fault != nil && leased.Err() != nil && ctx.Err() == nil {
			x.Fault = fmt.Errorf("%w: %w", ErrCutOff, context.Cause(leased))
		}
	}()
	free, err := c.network.limits.take(leased, x.Address, c.gate)
	x.Waited += time.Since(came)
	if err != nil {
		x.Fault = err
		return
	}
	f := measured{unused: true}
	defer func() { free(f) }()
	if c.gate.Ready != nil {
		if x.Fault = c.gate.Ready(); x.Fault != nil {
			return
		}
	}
	timeout := r.Timeout
	if timeout == 0 {
		timeout = usualTimeout
	}
	limited, cancel := context.WithTimeout(context.WithValue(leased, pinned{}, x.Address), timeout-x.Took)
	defer cancel()
	began := time.Now()
	if x.Took == 0 {
		x.Started = began
	}
	c.send(limited, r, w, x)
	took := time.Since(began)
	x.Took += took
	f = measure(*x, took)
}

// lease asks whoever the client answers to whether the address may be spoken to from this process.
func (c *Client) lease(ctx context.Context, address netip.Addr) (leased context.Context, release func(), err error) {
	if c.gate.Lease == nil {
		return ctx, func() {}, nil
	}
	return c.gate.Lease(ctx, address)
}

// send does one HTTP exchange, without redirects and cookies.
func (c *Client) send(ctx context.Context, r Request, w wire, x *Exchange) {
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			if peer, err := netip.ParseAddrPort(got.Conn.RemoteAddr().String()); err == nil {
				x.Address = peer.Addr().Unmap() // a kept connection may lead to another address of the host
			}
		},
		WroteHeaderField: func(string, []string) { sent.Store(true) }, // before the bytes leave: rather too often than not at all
	}
	request, err := c.request(httptrace.WithClientTrace(ctx, trace), r, w)
	if err != nil {
		x.Fault = err
		return
	}
	answer, err := c.network.transport.RoundTrip(request)
	if err != nil {
		x.Fault = faultOf(ctx, err, sent.Load())
		x.Sent = sent.Load() && !errors.Is(x.Fault, ErrConnect) && !errors.Is(x.Fault, ErrTLS) && !errors.Is(x.Fault, ErrRefusedAddress)
		return
	}
	defer answer.Body.Close()
	if answer.TLS != nil && len(answer.TLS.PeerCertificates) > 0 {
		x.CertificateEnds = answer.TLS.PeerCertificates[0].NotAfter
	}
	x.Sent, x.Status, x.Header = true, answer.StatusCode, worthSeeing(answer.Header)
	most := max(r.MaxBody, c.network.maxBody)
	sentBody, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	if x.Body, x.TooLarge = readBody(sentBody, answer.Header, most); x.TooLarge {
		x.Fault = ErrTooLarge
	} else if err != nil || ctx.Err() != nil { // a server that notices the end of our time may close its answer as if it were whole
		x.Fault = faultOf(ctx, err, true)
	}
}
