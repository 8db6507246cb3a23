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

type placeKey struct{}

// connectTimeout bounds the wait for one address to accept a connection.
const connectTimeout = 10 * time.Second

// dial connects to the address that was reserved, else to the host's next one. The guardian sees each address once more as the
// connection is made: whatever a name says, nothing else is dialled.
func (n *Network) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	reserved, is := ctx.Value(placeKey{}).(place)
	if !is {
		return nil, fmt.Errorf("%w: no place was reserved", ErrRefusedAddress)
	}
	_, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrConnect, hostPort)
	}
	dialer := net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second, Control: n.guardian.Safe}
	var last error
	for _, address := range reserved.all[:min(len(reserved.all), mostAddresses)] {
		conn, err := dialer.DialContext(ctx, network, netip.AddrPortFrom(address, portNumber(port)).String())
		if err == nil {
			return conn, nil
		}
		if errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) {
			return nil, fmt.Errorf("%w: %s", ErrRefusedAddress, address)
		}
		if last = fmt.Errorf("%w: %s: %w", ErrConnect, address, err); ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// mostAddresses is how many addresses of a host are tried.
const mostAddresses = 3

func portNumber(text string) uint16 {
	port, err := net.LookupPort("tcp", text)
	if err != nil {
		return 0 // nothing listens there, and connecting says so
	}
	return uint16(port)
}
