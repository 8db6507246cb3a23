package database

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// secured makes encryption and the check of the certificate the default for a PostgreSQL on another machine. The module's own default,
// sslmode=prefer, falls back to plain text (libpq, 34.19). What the address or PGSSLMODE says holds.
func secured(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		// The parser's own error quotes the address, password and all.
		return "", fmt.Errorf("%w: write it as postgres://user:password@host:5432/name", ErrConfig)
	}
	q := u.Query()
	if q.Has("sslmode") || os.Getenv("PGSSLMODE") != "" || onThisMachine(cmp.Or(u.Hostname(), q.Get("host"))) {
		return address, nil
	}
	q.Set("sslmode", "verify-full")
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func onThisMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "" || host == "localhost" || strings.HasPrefix(host, "/") || err == nil && addr.Unmap().IsLoopback()
}
