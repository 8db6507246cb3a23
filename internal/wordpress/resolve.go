package wordpress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// resolver answers names from the hosts it was given, then from what it looked up lately, then from DNS.
type resolver struct {
	hosts map[string]netip.Addr
	dns   LookUp
	known *lru.Cache[string, looked]
}

type looked struct {
	addresses []netip.Addr
	until     time.Time
}

// A look-up is kept for so long that a run asks for each host once, and so briefly that a moved site is found soon. It is given up
// after lookupTimeout.
const (
	lookupKept    = time.Minute
	lookupTimeout = 10 * time.Second
	mostKept      = 20_000
)

func newResolver(hosts map[string]netip.Addr, dns LookUp) *resolver {
	if dns == nil {
		dns = net.DefaultResolver.LookupNetIP
	}
	known, err := lru.New[string, looked](mostKept) // expirable would leave a goroutine behind for ever
	if err != nil {
		panic(err) // mostKept is positive
	}
	return &resolver{hosts: hosts, dns: dns, known: known}
}

// lookup returns the addresses of the host, at least one: IPv4 first, since its addresses tell servers apart more surely, and
// always in the same order, so that the limit of one server holds for all its sites.
func (r *resolver) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address.Unmap()}, nil
	}
	if address, found := r.hosts[host]; found {
		return []netip.Addr{address.Unmap()}, nil
	}
	if kept, found := r.known.Get(host); found && time.Now().Before(kept.until) {
		return kept.addresses, nil
	}
	limited, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addresses, err := r.dns(limited, "ip", host)
	switch {
	case ctx.Err() != nil:
		return nil, ended(ctx)
	case err != nil:
		return nil, unresolved(host, err)
	}
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	r.remember(host, addresses)
	return addresses, nil
}

func unresolved(host string, err error) error {
	var failure *net.DNSError
	if errors.As(err, &failure) && failure.IsNotFound {
		return fmt.Errorf("%w: there is no host %s", ErrResolve, host)
	}
	return fmt.Errorf("%w: the name server gave no answer for %s", ErrResolve, host)
}

func (r *resolver) remember(host string, addresses []netip.Addr) {
	r.known.Add(host, looked{addresses, time.Now().Add(lookupKept)})
}
