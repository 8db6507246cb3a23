package wordpress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
)

func TestPolicy(t *testing.T) {
	open := NewNetwork(Config{})
	lab := NewNetwork(Config{AllowNets: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}})
	for _, c := range []struct {
		network         *Network
		scheme, address string
		permitted       bool
	}{
		{open, "https", "93.184.216.34", true},
		{open, "https", "2606:4700::1111", true},
		{open, "http", "93.184.216.34", false},
		{open, "https", "127.0.0.1", false},
		{open, "https", "0.0.0.0", false},
		{open, "https", "10.1.2.3", false},
		{open, "https", "100.64.0.1", false},
		{open, "https", "169.254.169.254", false},
		{open, "https", "172.16.0.1", false},
		{open, "https", "192.168.1.1", false},
		{open, "https", "224.0.0.1", false},
		{open, "https", "255.255.255.255", false},
		{open, "https", "::1", false},
		{open, "https", "::", false},
		{open, "https", "fe80::1", false},
		{open, "https", "fd00:ec2::254", false},
		{open, "https", "::ffff:127.0.0.1", false},
		{open, "https", "::ffff:169.254.169.254", false},
		{open, "https", "64:ff9b::a9fe:a9fe", false},
		{open, "https", "2002:7f00:1::", false},
		{open, "https", "2001:0:1::", false},
		{open, "https", "ff02::1", false},
		{lab, "https", "10.1.2.3", true},
		{lab, "http", "10.1.2.3", true},
		{lab, "https", "10.2.2.3", false},
		{lab, "https", "fd00:1::7", true},
		{lab, "http", "93.184.216.34", false},
		{lab, "https", "169.254.169.254", false},
	} {
		kept, err := c.network.permitted(c.scheme, "acme.example", []netip.Addr{netip.MustParseAddr(c.address)})
		if c.permitted != (len(kept) == 1) || c.permitted != (err == nil) || err != nil && !errors.Is(err, ErrRefusedAddress) {
			t.Errorf("%s to %s: %v, %v", c.scheme, c.address, kept, err)
		}
	}
}

// Whatever was decided before, the guardian sees the address once more as the connection is made.
func TestDialRefuses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	n := NewNetwork(Config{})
	pinnedTo := context.WithValue(context.Background(), pinned{}, netip.MustParseAddr("127.0.0.1"))
	for name, ctx := range map[string]context.Context{"a private address": pinnedTo, "an address that nobody decided on": context.Background()} {
		conn, err := n.dial(ctx, "tcp", "93.184.216.34:"+port(listener))
		if !errors.Is(err, ErrRefusedAddress) || conn != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestRefusedAddressIsNamed(t *testing.T) {
	s := serve(t, echo, func(c *Config) { c.AllowNets = nil })
	x := s.do(t, patch)
	if v := Classify(x); v.Reason != ReasonAddressRefused || x.Sent || v.Note == "" {
		t.Errorf("%v, %+v", x.Fault, v)
	}
}

func TestMappedAddressIsReadAsIPv4(t *testing.T) {
	addresses, err := newResolver(nil, nil).lookup(context.Background(), "::ffff:127.0.0.1")
	if err != nil || addresses[0] != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("%v, %v", addresses, err)
	}
}

// The second address of a host is tried when the first accepts no connection.
func TestNextAddress(t *testing.T) {
	s := serve(t, echo)
	s.network.resolver.remember("example.com", []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")})
	delete(s.network.resolver.hosts, "example.com")
	calls := 0
	x := s.client(OverrideNone).Through(Gate{Ready: func() error { calls++; return nil }}).Do(t.Context(), patch)
	if x.Fault != nil || x.Address != netip.MustParseAddr("127.0.0.1") || calls != 2 {
		t.Errorf("%v at %s after %d turns", x.Fault, x.Address, calls)
	}
}
