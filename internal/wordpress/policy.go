package wordpress

import (
	"fmt"
	"net/netip"

	"code.dny.dev/ssrf"
)

// guardian lets public addresses through, and the networks that somebody allowed on purpose.
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

// permitted keeps the addresses that the policy lets Drover speak to, and says why when there is none.
func (n *Network) permitted(scheme, host string, all []netip.Addr) ([]netip.Addr, error) {
	var kept []netip.Addr
	var refused error
	for _, address := range all {
		switch {
		case n.guardian.SafeAddr(address) != nil:
			refused = fmt.Errorf("%w: %s is at %s, which is not a public address", ErrRefusedAddress, host, address)
		case scheme == "http" && !n.allowed(address):
			refused = fmt.Errorf("%w: %s is reached without encryption, which would show the password to everyone in between", ErrRefusedAddress, host)
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
