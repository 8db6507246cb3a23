package wordpress

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// resolver answers names from the hosts it was given, then from what it looked up lately, then from DNS.
type resolver struct {
	hosts map[string]netip.Addr
	guard sync.Mutex
	known map[string]looked
}

type looked struct {
	addresses []netip.Addr
	until     time.Time
}

// lookupKept is how long a look-up is kept: a run asks for each host once, a moved site is found within a minute.
const lookupKept = time.Minute

func newResolver(hosts map[string]netip.Addr) *resolver {
	return &resolver{hosts: hosts, known: map[string]looked{}}
}

// lookup returns the addresses of the host, at least one, IPv4 first: its answers tell servers apart more surely.
func (r *resolver) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address.Unmap()}, nil
	}
	if address, found := r.hosts[host]; found {
		return []netip.Addr{address}, nil
	}
	r.guard.Lock()
	kept, found := r.known[host]
	r.guard.Unlock()
	if found && time.Now().Before(kept.until) {
		return kept.addresses, nil
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addresses) == 0 {
		if ctx.Err() != nil {
			return nil, ended(ctx)
		}
		return nil, fmt.Errorf("%w: %s", ErrResolve, host)
	}
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	slices.SortStableFunc(addresses, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	r.guard.Lock()
	defer r.guard.Unlock()
	r.known[host] = looked{addresses, time.Now().Add(lookupKept)}
	return addresses, nil
}
