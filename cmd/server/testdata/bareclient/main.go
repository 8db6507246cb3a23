// Command bareclient sends a request to each address of a file and keeps nothing: what a run costs a Go program that does no more than
// that. The benchmarks compare Drover with it.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	urls := flag.String("urls", "", "file with an address a line")
	hosts := flag.String("hosts", "", "file with an IP address and a host name a line")
	authority := flag.String("ca", "", "file with the certificate authority")
	user := flag.String("user", "", "user:password")
	atOnce := flag.Int("at-once", 256, "requests at once")
	flag.Parse()
	if err := run(*urls, *hosts, *authority, *user, *atOnce); err != nil {
		fmt.Fprintln(os.Stderr, "bareclient:", err)
		os.Exit(1)
	}
}

func run(urls, hosts, authority, user string, atOnce int) error {
	client, err := newClient(hosts, authority)
	if err != nil {
		return err
	}
	all, err := lines(urls)
	if err != nil {
		return err
	}
	name, password, _ := strings.Cut(user, ":")
	work := make(chan string)
	failed := make(chan error, atOnce)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for url := range work {
				if err := send(client, url, name, password); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	for _, url := range all {
		work <- url
	}
	close(work)
	workers.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func send(client *http.Client, url, name, password string) error {
	request, err := http.NewRequest(http.MethodPatch, url, strings.NewReader(`{"purge_type":"all"}`))
	if err != nil {
		return err
	}
	request.SetBasicAuth(name, password)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

func newClient(hosts, authority string) (*http.Client, error) {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	known, err := lines(hosts)
	if err != nil {
		return nil, err
	}
	addresses := make(map[string]string, len(known))
	for _, line := range known {
		if address, host, ok := strings.Cut(line, " "); ok {
			addresses[host] = address
		}
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if found := addresses[host]; found != "" {
			host = found
		}
		return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true, DisableCompression: true}
	return &http.Client{Transport: transport, Timeout: time.Minute}, nil
}

func lines(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var all []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		all = append(all, scanner.Text())
	}
	return all, nil
}
