package wordpress

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Client speaks to one site with one credential. It never shows the credential.
type Client struct {
	network            *Network
	address            Address
	username, password string
	gate               Gate
}

// Gate is what every request of a client passes before it leaves: public pages and further pages of a list too.
type Gate struct {
	Turn       Turn // whose request it is: members and their runs take turns
	PerAddress int  // exchanges under way at once to the site's address; 0 means the network's own limit
	// MaxPause, when set, is for requests that a person waits for: where the server asked for fewer requests and is left alone for longer, the
	// exchange's fault is ErrBusy at once.
	MaxPause time.Duration
	// Lease, when set, is asked before the request waits for its place at the address, and may wait itself: another process may be speaking
	// to that server. An error from it is the exchange's fault. The context that it returns ends when the address may not be spoken to any
	// more, and the exchange with it; release is called when the exchange has ended.
	Lease func(ctx context.Context, address netip.Addr) (leased context.Context, release func(), err error)
	// Ready, when set, is called when the request has its place and is about to leave; once more for another address of the host.
	// An error from it is the exchange's fault, and nothing leaves.
	Ready func() error
}

// Through is the same client, but everything that it sends passes the gate.
func (c *Client) Through(g Gate) *Client {
	other := *c
	other.gate = g
	return &other
}

// Client returns a client for the site. The password is sent exactly as it is given; without a user name, nothing is.
func (n *Network) Client(a Address, username, password string) *Client {
	if !sameOrigin(a.Root, a.Home) {
		a.Root = "" // the credential goes to the site's own host and nowhere else
	}
	return &Client{network: n, address: a, username: username, password: password}
}

// WithOverride is the same client, but verbs that a firewall may block are sent in that way, see Address.
func (c *Client) WithOverride(override string) *Client {
	other := *c
	other.address.Override = override
	return &other
}

// WithRoot is the same client for a REST root on the site's own origin.
func (c *Client) WithRoot(root string) *Client {
	other := *c
	if sameOrigin(root, c.address.Home) {
		other.address.Root = root
	}
	return &other
}

// anonymous is the same client without its credential.
func (c *Client) anonymous() *Client {
	return &Client{network: c.network, address: c.address, gate: c.gate}
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
	return c.address.UsualRoot()
}

// Do sends the request once, with the credential, and follows no redirect. Whatever happens is in the exchange.
func (c *Client) Do(ctx context.Context, r Request) Exchange {
	address, err := c.URL(r)
	if err != nil {
		return Exchange{Method: r.Method, RequestBody: r.Body, Fault: err, Started: time.Now()}
	}
	return c.exchange(ctx, r, wire{url: address, api: true})
}

// Page reads a public page of the site without the credential. The address must be of the site's own host.
func (c *Client) Page(ctx context.Context, address string) Exchange {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || !sameOrigin(address, c.address.Home) {
		return Exchange{Method: http.MethodGet, Fault: requestError("The page does not belong to this site."), Started: time.Now()}
	}
	u.Fragment = ""
	return c.exchange(ctx, Request{Method: http.MethodGet}, wire{url: u.String()})
}
