package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// authority is an ACME authority on loopback: Let's Encrypt's own test server, with a DNS that knows every name as this machine.
type authority struct {
	directory string
	caFile    string // that vouches for the authority's own server
}

func startAuthority(t *testing.T, httpAddr, tlsAddr string) authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	logger, store := log.New(io.Discard, "", 0), db.NewMemoryStore()
	issuer := ca.New(logger, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "The default profile"}})
	validator := va.New(logger, portOf(t, httpAddr), portOf(t, tlsAddr), false, startDNS(t), store)
	front := wfe.New(logger, store, validator, issuer, []string{"authority.example"}, false, false, 0, 0)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return authority{server.URL + wfe.DirectoryPath, file}
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// startDNS answers every question for an IPv4 address with 127.0.0.1.
func startDNS(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg)
		answer.SetReply(question)
		for _, q := range question.Question {
			if q.Qtype == dns.TypeA {
				answer.Answer = append(answer.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.IPv4(127, 0, 0, 1)})
			}
		}
		_ = w.WriteMsg(answer) // the one who asked asks again
	})}
	go server.ActivateAndServe()
	t.Cleanup(func() { server.Shutdown() })
	return listener.Addr().String()
}

// insecure fetches a page whatever certificate the server shows, and returns the certificate.
func insecure(t *testing.T, addr, name string) (*x509.Certificate, string, error) {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, ServerName: name})
	if err != nil {
		return nil, "", err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: "+name+"\r\nConnection: close\r\n\r\n"); err != nil {
		return nil, "", err
	}
	text, err := io.ReadAll(conn)
	return conn.ConnectionState().PeerCertificates[0], string(text), err
}

func TestTLSFromAnAuthority(t *testing.T) {
	addr, httpAddr := freeAddressOf(t, "127.0.0.1"), freeAddressOf(t, "127.0.0.1") // as the DNS has it
	from := startAuthority(t, httpAddr, addr)
	data := t.TempDir()
	env := []string{"DROVER_DATA=" + data, "DROVER_ADDR=" + addr, "DROVER_PUBLIC_URL=https://drover.example", "DROVER_TLS=auto",
		"DROVER_TLS_EMAIL=ops@agency.example",
		"DROVER_TLS_DIRECTORY=" + from.directory, "DROVER_TLS_HTTP_ADDR=" + httpAddr, "DROVER_CA_FILE=" + from.caFile}
	p := start(t, env, "serve")
	p.wait(t, "listens on https://drover.example")
	var shown *x509.Certificate
	for deadline := time.Now().Add(4 * time.Minute); shown == nil; time.Sleep(100 * time.Millisecond) {
		certificate, page, err := insecure(t, addr, "drover.example")
		if err == nil && strings.HasSuffix(page, "ok\n") {
			shown = certificate
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is no certificate: %v\n%s", err, p.err.String())
		}
	}
	if err := shown.VerifyHostname("drover.example"); err != nil || !strings.Contains(shown.Issuer.CommonName, "Pebble") {
		t.Errorf("the certificate of %s: %v", shown.Issuer, err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get("http://" + httpAddr + "/runs")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if to := answer.Header.Get("Location"); to != "https://drover.example/runs" {
		t.Errorf("http leads to %s", to)
	}
	if code, out := run(t, env, "healthcheck"); code != 0 {
		t.Errorf("healthcheck: exit %d %s", code, out)
	}
	p.stop(t)
	second := start(t, env, "serve") // the certificate is in the data folder: none is ordered
	second.wait(t, "listens")
	same, _, err := insecure(t, addr, "drover.example")
	if err != nil || same.SerialNumber.Cmp(shown.SerialNumber) != 0 {
		t.Errorf("after a restart: %v %v", same, err)
	}
}

func TestTLSWithAnOwnCertificate(t *testing.T) {
	t.Parallel() // it waits more than it works
	dir := t.TempDir()
	cert, key := certify(t, dir, "drover.example")
	addr := freeAddress(t)
	env := []string{"DROVER_DATA=" + filepath.Join(dir, "data"), "DROVER_ADDR=" + addr, "DROVER_PUBLIC_URL=https://drover.example",
		"DROVER_TLS_HTTP_ADDR=" + freeAddress(t),
		"DROVER_TLS_CERT=" + cert, "DROVER_TLS_KEY=" + key}
	p := start(t, env, "serve")
	p.wait(t, "listens")
	if certificate, page, err := insecure(t, addr, "drover.example"); err != nil || certificate.SerialNumber.Int64() != 7 || !strings.HasSuffix(page, "ok\n") {
		t.Errorf("%v %.200s %v", certificate, page, err)
	}
	if strings.Contains(p.err.String(), "not encrypted") {
		t.Error(p.err.String())
	}
	for _, wrong := range [][]string{{"DROVER_TLS_KEY="}, {"DROVER_TLS=auto"}, {"DROVER_TLS_CERT=", "DROVER_TLS_KEY=", "DROVER_TLS=auto"},
		{"DROVER_TLS=maybe"}, {"DROVER_PUBLIC_URL=http://drover.example"}} {
		if code, _ := run(t, with(env, wrong...), "serve"); code != 2 {
			t.Errorf("%v: exit %d", wrong, code)
		}
	}
}
