package certificates_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/certificates"
)

// issue makes a self-signed certificate for the names, valid from now, with its key, in PEM.
func issue(t *testing.T, serial int64, names ...string) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// served is the serial number of the certificate that the server shows.
func served(t *testing.T, addr string) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, ServerName: "drover.example"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestCertificateFilesAreReloaded(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	put := func(name string, text []byte, age time.Duration) {
		t.Helper()
		at := time.Now().Add(-age) // a file system may not tell two writes of the same moment apart
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	cert, key := issue(t, 1, "drover.example")
	put(certFile, cert, 3*time.Hour)
	put(keyFile, key, 3*time.Hour)
	var log bytes.Buffer
	files, err := certificates.FromFiles(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", files.TLS())
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	addr := listener.Addr().String()
	if n := served(t, addr); n != 1 {
		t.Errorf("certificate %d, want 1", n)
	}
	next, nextKey := issue(t, 2, "drover.example")
	put(certFile, next, 2*time.Hour) // its key is not there yet
	if n := served(t, addr); n != 1 {
		t.Errorf("between two files: certificate %d, want 1", n)
	}
	put(keyFile, nextKey, time.Hour)
	if n := served(t, addr); n != 2 {
		t.Errorf("certificate %d, want 2", n)
	}
	if err := os.Remove(certFile); err != nil {
		t.Fatal(err)
	}
	if n := served(t, addr); n != 2 || !strings.Contains(log.String(), "still used") {
		t.Errorf("without the file: certificate %d, log %s", n, log.String())
	}
}

func TestFilesThatAreNone(t *testing.T) {
	cert, _ := issue(t, 1, "a.example")
	_, key := issue(t, 2, "a.example")
	dir := t.TempDir()
	for name, text := range map[string][]byte{"cert": cert, "key": key, "text": []byte("no PEM")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, pair := range [][2]string{{"cert", "key"}, {"text", "key"}, {"cert", "none"}} {
		if _, err := certificates.FromFiles(filepath.Join(dir, pair[0]), filepath.Join(dir, pair[1]), slog.Default()); err == nil {
			t.Errorf("%v is a certificate with its key", pair)
		}
	}
}

func TestToHTTPS(t *testing.T) {
	server := httptest.NewServer(certificates.ToHTTPS("drover.example"))
	defer server.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]string{"/runs/12?page=2": "https://drover.example/runs/12?page=2",
		"//evil.example/": "https://drover.example//evil.example/"} {
		answer, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if to := answer.Header.Get("Location"); answer.StatusCode != http.StatusPermanentRedirect || to != want {
			t.Errorf("%s: %d %s", path, answer.StatusCode, to)
		}
	}
	recorder, odd := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	odd.URL = &url.URL{Scheme: "odd", Opaque: ".evil.example/"} // a request line may name no path
	certificates.ToHTTPS("drover.example").ServeHTTP(recorder, odd)
	if to := recorder.Header().Get("Location"); to != "https://drover.example" {
		t.Errorf("a request without a path is sent to %s", to)
	}
	answer, err := client.Post(server.URL+"/sign-in", "text/plain", strings.NewReader("password"))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("a password in the clear: %d", answer.StatusCode)
	}
}
