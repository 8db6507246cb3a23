package wordpress

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Client speaks to one site with one credential. It never shows the credential.
type Client struct {
	network            *Network
	address            Address
	username, password string
}

// Client returns a client for the site. The password is sent exactly as it is given; without a user name, nothing is.
func (n *Network) Client(a Address, username, password string) *Client {
	if !sameOrigin(a.Root, a.Home) {
		a.Root = "" // the credential goes to the site's own host and nowhere else
	}
	return &Client{network: n, address: a, username: username, password: password}
}

// Exchange is one request and what came back. It never holds a credential.
type Exchange struct {
	Method, URL, Override string // as it was asked for and sent
	RequestBody           []byte
	Sent                  bool // some byte of the request may have reached the site
	Status                int  // 0 without an answer
	Header                http.Header
	Body                  []byte
	TooLarge              bool // the body is longer than what was kept
	Fault                 error
	Address               netip.Addr
	Started               time.Time
	Took                  time.Duration // without the wait for a place
}

// URL is where Do would send the request.
func (c *Client) URL(r Request) (string, error) {
	if err := r.Validate(); err != nil {
		return "", err
	}
	return join(c.root(), r.Path), nil
}

func (c *Client) root() string {
	if c.address.Root != "" {
		return c.address.Root
	}
	return c.address.Home + "/wp-json/"
}

// Do sends the request once, with the credential, and follows no redirect. Whatever happens is in the exchange.
func (c *Client) Do(ctx context.Context, r Request) Exchange {
	address, err := c.URL(r)
	if err != nil {
		return Exchange{Method: r.Method, Fault: err, Started: time.Now()}
	}
	return c.exchange(ctx, r, address, true)
}

// Page reads a public page of the site without the credential. The address must be of the site's own host.
func (c *Client) Page(ctx context.Context, address string) Exchange {
	if !sameOrigin(address, c.address.Home) {
		return Exchange{Method: http.MethodGet, URL: address, Fault: requestError("The page is not of this site."), Started: time.Now()}
	}
	return c.exchange(ctx, Request{Method: http.MethodGet}, address, false)
}

// exchange waits for a place, then sends.
func (c *Client) exchange(ctx context.Context, r Request, address string, signed bool) Exchange {
	x := Exchange{Method: r.Method, URL: address, RequestBody: r.Body, Started: time.Now()}
	u, err := url.Parse(address)
	if err != nil {
		x.Fault = requestError("The address cannot be read.")
		return x
	}
	reserved, err := c.network.reserve(ctx, u.Scheme, u.Hostname())
	if err != nil {
		x.Fault = err
		return x
	}
	defer reserved.free()
	x.Address = reserved.address
	if r.Ready != nil {
		if err := r.Ready(); err != nil {
			x.Fault = err
			return x
		}
	}
	timeout := r.Timeout
	if timeout == 0 {
		timeout = usualTimeout
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, placeKey{}, reserved), timeout)
	defer cancel()
	x.Started = time.Now()
	c.send(ctx, r, signed, &x)
	x.Took = time.Since(x.Started)
	return x
}

func (c *Client) send(ctx context.Context, r Request, signed bool, x *Exchange) {
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	request, err := c.request(httptrace.WithClientTrace(ctx, trace), r, signed, x)
	if err != nil {
		x.Fault = err
		return
	}
	answer, err := c.network.roundTrip(request)
	x.Sent = sent.Load()
	if err != nil {
		x.Fault = faultOf(ctx, err)
		x.Sent = x.Sent && !errors.Is(x.Fault, ErrConnect) && !errors.Is(x.Fault, ErrTLS) && !errors.Is(x.Fault, ErrRefusedAddress)
		return
	}
	defer answer.Body.Close()
	x.Sent, x.Status, x.Header = true, answer.StatusCode, worthSeeing(answer.Header)
	x.Body, err = io.ReadAll(io.LimitReader(answer.Body, c.network.maxBody+1))
	if int64(len(x.Body)) > c.network.maxBody {
		x.Body, x.TooLarge, x.Fault = x.Body[:c.network.maxBody], true, ErrTooLarge
	} else if err != nil {
		x.Fault = faultOf(ctx, err)
	}
}

// request builds what goes over the wire, with the verb in disguise where the site needs it.
func (c *Client) request(ctx context.Context, r Request, signed bool, x *Exchange) (*http.Request, error) {
	method, address := r.Method, x.URL
	if c.address.Override != OverrideNone && signed && (method == http.MethodPatch || method == http.MethodPut || method == http.MethodDelete) {
		method, x.Override = http.MethodPost, c.address.Override
		if c.address.Override == OverrideQuery {
			address += map[bool]string{true: "&", false: "?"}[strings.Contains(address, "?")] + "_method=" + r.Method
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(r.Body))
	if err != nil {
		return nil, requestError("The address cannot be sent to.")
	}
	for name, values := range r.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("User-Agent", c.network.userAgent)
	if request.Header.Get("Accept") == "" {
		request.Header.Set("Accept", map[bool]string{true: "application/json", false: "text/html,*/*;q=0.8"}[signed])
	}
	if len(r.Body) > 0 || signed && r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions {
		request.Header.Set("Content-Type", "application/json")
	}
	if x.Override == OverrideHeader {
		request.Header.Set("X-HTTP-Method-Override", r.Method)
	}
	if signed && c.username != "" {
		request.SetBasicAuth(c.username, c.password)
	}
	return request, nil
}

// seen are the headers worth seeing; a name that ends with - stands for all that begin so.
var seen = []string{
	"Content-Type", "Link", "Allow", "Retry-After", "Location", "Server", "Via", "Www-Authenticate", "X-Redirect-By", "X-Powered-By", "Age", "Cache-Control",
	"Cf-Ray", "Cf-Cache-Status", "Cf-Mitigated", "X-Sucuri-Id", "X-Sucuri-Block", "X-Cache", "X-Bigscoots-", "X-Wp-", "X-Iplb-", "X-Wordfence-", "X-Imunify360-", "Content-Encoding", "Date",
}

// worthSeeing keeps the headers that tell something, without characters that could not be shown.
func worthSeeing(all http.Header) http.Header {
	kept := http.Header{}
	for name, values := range all {
		for _, wanted := range seen {
			if name == wanted || strings.HasSuffix(wanted, "-") && strings.HasPrefix(name, wanted) {
				for _, value := range values[:min(len(values), 10)] {
					kept.Add(name, printable(value, 1000))
				}
				break
			}
		}
	}
	return kept
}
