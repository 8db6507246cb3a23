package remote

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// healthTime bounds how long a server may take to say that it lives.
const healthTime = 5 * time.Second

// Healthy asks a server on this machine for a page, and returns an error unless it answers 200. The certificate is not checked: it is for the name
// that people use, nothing secret is sent, and nothing that is answered is believed but the status.
func Healthy(ctx context.Context, address, page, name string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	scheme := "http"
	if name != "" {
		scheme = "https"
	}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name, InsecureSkipVerify: true}, // #nosec G402 -- see above
		DisableKeepAlives: true,
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address+page, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no server responds at %s: %w", address, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // the status alone would do
		return fmt.Errorf("the server at %s returned %s: %s", address, answer.Status, text)
	}
	return nil
}

// Local is where a server that listens on the address can be reached from this machine.
func Local(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("%q is not an address to listen on: %w", addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port), nil
}
