package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// certify writes a self-signed certificate for the host and its key into the folder.
func certify(t *testing.T, dir, host string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour),
		NotAfter:  time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// startNginx starts nginx with the example of deploy/, on other ports and with another certificate, and stops it by its pid with the test.
func startNginx(t *testing.T, upstream, httpAddr, httpsAddr string) {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed")
	}
	example, err := os.ReadFile("../../deploy/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key := certify(t, dir, "drover.agency.example")
	text := string(example)
	for from, to := range map[string]string{"server 127.0.0.1:8080;": "server " + upstream + ";", "listen 80;": "listen " + httpAddr + ";",
		"listen 443 ssl http2;":         "listen " + httpsAddr + " ssl http2;",
		"/etc/ssl/drover/fullchain.pem": cert, "/etc/ssl/drover/privkey.pem": key} {
		if !strings.Contains(text, from) {
			t.Fatalf("the example has no %q", from)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		text += fmt.Sprintf("%s_temp_path %s;\n", name, filepath.Join(dir, name))
	}
	main := fmt.Sprintf("daemon off;\nmaster_process off;\npid %s;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s}\n", filepath.Join(dir,
		"nginx.pid"), text)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	startProxy(t, exec.Command(nginx, "-c", file, "-p", dir), httpsAddr)
}

// startProxy starts the program, waits until it listens, and stops it by its pid with the test.
func startProxy(t *testing.T, command *exec.Cmd, httpsAddr string) {
	t.Helper()
	var log output
	command.Stderr = &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	for {
		conn, err := net.Dial("tcp", httpsAddr)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-ended:
			ended <- nil
			t.Fatalf("%s ended: %s", command.Path, log.String())
		case <-t.Context().Done():
			t.Fatalf("%s does not answer", command.Path)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// startCaddy starts Caddy with the example of deploy/, on other ports and with another certificate, and stops it by its pid with the test.
func startCaddy(t *testing.T, upstream, httpAddr, httpsAddr string) {
	t.Helper()
	caddy, err := exec.LookPath("caddy")
	if err != nil {
		t.Skip("Caddy is not installed")
	}
	example, err := os.ReadFile("../../deploy/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key := certify(t, dir, "drover.agency.example")
	host, httpPort, _ := net.SplitHostPort(httpAddr)
	_, httpsPort, _ := net.SplitHostPort(httpsAddr)
	options := "\tgrace_period 1s\n\tadmin off\n\tdefault_bind " + host + "\n\thttp_port " + httpPort + "\n\thttps_port " + httpsPort + "\n"
	text := string(example)
	for from, to := range map[string]string{
		"\tgrace_period 10s\n": options,
		"\treverse_proxy ":     "\ttls " + cert + " " + key + "\n\treverse_proxy ",
		"health_interval 5s":   "health_interval 100ms",
	} {
		if !strings.Contains(text, from) {
			t.Fatalf("the example has no %q", from)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(caddy, "run", "--config", file, "--adapter", "caddyfile")
	command.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir, "DROVER_UPSTREAMS="+upstream)
	startProxy(t, command, httpsAddr)
}

func TestBehindNginx(t *testing.T) {
	t.Parallel() // it waits more than it works
	behindProxy(t, startNginx)
}

func TestBehindCaddy(t *testing.T) {
	t.Parallel() // it waits more than it works
	behindProxy(t, startCaddy)
}

// Behind a proxy as the example has it: people's addresses are in the audit log whatever they send themselves, and a run's page is a stream.
func behindProxy(t *testing.T, startExample func(t *testing.T, upstream, httpAddr, httpsAddr string)) {
	t.Helper()
	s := simulate(t, []wptest.Site{{Host: "slow.example", Latency: [2]time.Duration{3 * time.Second, 3 * time.Second}}, {Host: "quick.example"}})
	run(t, s.env, "sites", "import", s.csv)
	s.addOwner(t)
	addr, httpAddr, httpsAddr := freeAddress(t), freeAddress(t), freeAddress(t)
	host, _, _ := net.SplitHostPort(httpAddr)
	_, port, _ := net.SplitHostPort(httpsAddr)
	httpsAddr = net.JoinHostPort(host, port) // Caddy redirects where it serves
	startExample(t, addr, httpAddr, httpsAddr)
	p := start(t, append(s.env, "DROVER_ADDR="+addr, "DROVER_PUBLIC_URL=https://drover.agency.example", "DROVER_TRUSTED_PROXIES=127.0.0.1"), "serve")
	p.wait(t, "listens")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 55)}}).DialContext(ctx, network, httpsAddr)
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	b := webClient{&http.Client{Jar: jar, Timeout: time.Minute, Transport: spoofing{transport}}, "https://drover.agency.example"}
	poll.Until(t, "the proxy found Drover", func() bool { status, _ := b.get(t, "/sign-in"); return status == http.StatusOK })
	if status, _ := b.post(t, "/sign-in", url.Values{"email": {olga}, "password": {olgasPassword}}); status != http.StatusOK {
		t.Fatalf("sign in: %d", status)
	}
	if _, out := run(t, s.env, "audit", "list", "--json", "--action", "member.sign_in"); !strings.Contains(out, "127.0.0.55") || strings.Contains(out,
		"203.0.113.9") {
		t.Errorf("the audit log does not have the address: %s", out)
	}
	if _, page := b.startRun(t, url.Values{"operation": {"status"}, "all": {"1"}}); !strings.Contains(page, "/runs/1/stream") {
		t.Fatalf("no run: %.300s", page)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.home+"/runs/1/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := b.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if line, err := bufio.NewReader(stream.Body).ReadString('\n'); err != nil || stream.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%q %v", line, err)
	}
	if _, err := io.Copy(io.Discard, stream.Body); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	plain := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := plain.Get("http://" + httpAddr + "/runs")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusPermanentRedirect {
		t.Errorf("http: %d", answer.StatusCode)
	}
}

// spoofing says that every request came from somebody else.
type spoofing struct{ *http.Transport }

func (s spoofing) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	return s.Transport.RoundTrip(r)
}
