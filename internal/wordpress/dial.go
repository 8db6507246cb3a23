package wordpress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// pinned is the key under which a request's context carries the address that it must go to.
type pinned struct{}

// connectTimeout bounds the wait for one address to accept a connection.
const connectTimeout = 10 * time.Second

// dial connects to the address that the request is pinned to. The guardian sees the address once more as the connection is made:
// whatever a name says by then, nothing else is dialled.
func (n *Network) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	address, is := ctx.Value(pinned{}).(netip.Addr)
	if !is {
		return nil, fmt.Errorf("%w: it was not decided on beforehand", ErrRefusedAddress)
	}
	_, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is no host and port", ErrConnect, hostPort)
	}
	dialer := net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second, Control: n.guardian.Safe}
	conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(address.String(), port))
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return nil, fmt.Errorf("%w: %s", ErrRefusedAddress, address)
	case err != nil:
		return nil, fmt.Errorf("%w at %s: %s", ErrConnect, address, cause(err))
	}
	return conn, nil
}
