// Package wptest is a fake WordPress with BigScoots Cache, at the edge of the process: many sites on loopback addresses, over TLS,
// each healthy or with a fault of its own. Tests, benchmarks and the demo speak to it as to real sites. It knows nothing of Drover.
package wptest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

// Options say which sites to simulate.
type Options struct {
	Sites           []Site
	SitesPerAddress int    // sites that share one server, 4 when 0
	Port            int    // the same on all addresses; 0 for a free one
	Dir             string // where the certificate authority is kept between starts; empty for a new one
	HTTP1           bool   // do not speak HTTP/2
}

// Fake is the running sites.
type Fake struct {
	sites     []*site
	byHost    map[string]*site
	hosts     map[string]netip.Addr
	port      int
	authority *authority
	server    *http.Server
	stop      context.CancelFunc
	serving   sync.WaitGroup

	requests atomic.Int64
	flight   sync.Map // netip.Addr → *inFlight
}

type inFlight struct{ now, most atomic.Int64 }

// Start starts the sites. Close stops them.
func Start(o Options) (*Fake, error) {
	kept, err := openAuthority(o.Dir)
	if err != nil {
		return nil, err
	}
	if o.SitesPerAddress == 0 {
		o.SitesPerAddress = 4
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &Fake{byHost: map[string]*site{}, hosts: map[string]netip.Addr{}, authority: kept, stop: stop, port: o.Port}
	f.server = &http.Server{
		Handler:     http.HandlerFunc(f.serve),
		TLSConfig:   &tls.Config{GetCertificate: f.certificate, MinVersion: tls.VersionTLS12},
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(io.Discard, "", 0),
		Protocols:   new(http.Protocols),
	}
	f.server.Protocols.SetHTTP1(true)
	f.server.Protocols.SetHTTP2(!o.HTTP1)
	if err := f.listen(o); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// listen gives every site an address, and opens one listener for each address.
func (f *Fake) listen(o Options) error {
	addresses, err := f.place(o)
	if err != nil {
		return err
	}
	listeners, err := open(addresses, o.Port)
	// A port that is free at the first address may be taken at another one.
	for retry := 0; retry < 20 && o.Port == 0 && errors.Is(err, syscall.EADDRINUSE); retry++ {
		listeners, err = open(addresses, 0)
	}
	if err != nil {
		return err
	}
	for _, listener := range listeners {
		f.port = listener.Addr().(*net.TCPAddr).Port
		f.serving.Go(func() { _ = f.server.ServeTLS(listener, "", "") })
	}
	for _, s := range f.sites {
		s.port = f.port
	}
	return nil
}

// place returns the addresses to listen at, each once.
func (f *Fake) place(o Options) (addresses []netip.Addr, err error) {
	for i, description := range o.Sites {
		s := newSite(i, description)
		address := numbered(i / o.SitesPerAddress)
		if description.Address != "" {
			if address, err = netip.ParseAddr(description.Address); err != nil {
				return nil, err
			}
		}
		if s.fault() == Closed {
			address = numbered(60000 + i) // nobody listens there
		} else if !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
		f.sites, f.byHost[s.Host] = append(f.sites, s), s
		if s.fault() != DNSMissing {
			f.hosts[s.Host] = address
		}
	}
	joinNetworks(f.sites)
	return addresses, nil
}

// numbered is the loopback address of a server: 127.77.0.1, 127.77.0.2 and so on.
func numbered(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 77, byte(n / 250), byte(n%250 + 1)})
}

// open listens at the same port of all addresses, at a free one for 0, or at none of them.
func open(addresses []netip.Addr, port int) (listeners []net.Listener, err error) {
	for _, address := range addresses {
		if !address.IsLoopback() {
			err = fmt.Errorf("wptest: %s is not a loopback address", address)
		} else {
			var listener net.Listener
			if listener, err = net.Listen("tcp", net.JoinHostPort(address.String(), strconv.Itoa(port))); err == nil {
				listeners, port = append(listeners, listener), listener.Addr().(*net.TCPAddr).Port
			}
		}
		if err != nil {
			for _, opened := range listeners {
				opened.Close()
			}
			return nil, err
		}
	}
	return listeners, nil
}

// Warm makes the certificates of all sites, which would otherwise be made as each is first spoken to.
func (f *Fake) Warm() {
	for _, s := range f.sites {
		_, _ = f.certificate(&tls.ClientHelloInfo{ServerName: s.Host}) // who connects is told of a fault
	}
}

// Close stops all sites and waits for their listeners.
func (f *Fake) Close() error {
	f.stop()
	err := f.server.Close()
	f.serving.Wait()
	return err
}

// CA is the authority that issued the sites' certificates.
func (f *Fake) CA() *x509.CertPool { return f.authority.pool() }

// CAPEM is the same as a PEM file.
func (f *Fake) CAPEM() []byte { return f.authority.pem }

// Hosts maps each site's host name to its address, without the sites whose name is not known.
func (f *Fake) Hosts() map[string]netip.Addr { return f.hosts }

// Port is the port of all sites.
func (f *Fake) Port() int { return f.port }

// URL is the home of the site with that number.
func (f *Fake) URL(i int) string { return f.sites[i].home() }

// Len is the number of sites.
func (f *Fake) Len() int { return len(f.sites) }

// Requests counts the requests to all sites.
func (f *Fake) Requests() int64 { return f.requests.Load() }

// Calls returns the calls that the site's plugin accepted and carried out, in order.
func (f *Fake) Calls(i int) []Call { return f.sites[i].accepted() }

// SetFault changes what is wrong with a site, at once.
func (f *Fake) SetFault(i int, fault Fault) { f.sites[i].setFault(fault) }

// MaxInFlight is the most requests that were under way at one address at once.
func (f *Fake) MaxInFlight(address netip.Addr) int {
	if counted, found := f.flight.Load(address); found {
		return int(counted.(*inFlight).most.Load())
	}
	return 0
}

func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	f.requests.Add(1)
	defer f.count(r)()
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	s, found := f.byHost[host]
	if !found {
		http.Error(w, "no such site", http.StatusMisdirectedRequest)
		return
	}
	s.wait(r.Context())
	s.serve(w, r)
}

// count counts the request at its address until the returned function is called.
func (f *Fake) count(r *http.Request) func() {
	local, err := netip.ParseAddrPort(r.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
	if err != nil {
		return func() {}
	}
	value, _ := f.flight.LoadOrStore(local.Addr(), &inFlight{})
	counted := value.(*inFlight)
	now := counted.now.Add(1)
	for most := counted.most.Load(); now > most && !counted.most.CompareAndSwap(most, now); most = counted.most.Load() {
	}
	return func() { counted.now.Add(-1) }
}

func (f *Fake) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	s, found := f.byHost[hello.ServerName]
	if !found {
		return nil, fmt.Errorf("wptest: no site %q", hello.ServerName)
	}
	return f.authority.leaf(s.Host, s.fault())
}
