package auditsinks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/vault"
)

// jsonLines is the entries, one JSON object a line.
func jsonLines(entries []audit.Line) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, e := range entries {
		if err := encoder.Encode(e); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// File appends to a file, which may be rotated at any time.
type File string

// Send returns when the entries are on the disk. A line that a crash cut off is ended first; the entry comes again whole.
func (f File) Send(_ context.Context, entries []audit.Line) error {
	text, err := jsonLines(entries)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(string(f), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	complete, err := endsComplete(file)
	if err == nil && !complete {
		text = append([]byte("\n"), text...)
	}
	if err == nil {
		_, err = file.Write(text)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func endsComplete(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return true, err
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return last[0] == '\n', err
}

// Hook posts to an HTTPS address.
type Hook struct {
	address string
	secret  vault.Secret
	client  *http.Client
}

// NewHook returns a hook at the address: https, or http on this machine. The secret signs what is sent; the authorities may be nil for the
// system's own.
func NewHook(address string, secret vault.Secret, authorities *x509.CertPool) (*Hook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && net.ParseIP(u.Hostname()).IsLoopback()) {
		return nil, fmt.Errorf("%q is not a webhook URL; write it as https://siem.agency.example/drover", address)
	}
	if len(secret.Reveal()) < leastSecret {
		return nil, fmt.Errorf("the webhook's secret is shorter than %d characters", leastSecret)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Hook{address, secret, &http.Client{Transport: transport, CheckRedirect: stay}}, nil
}

// leastSecret is the least length of a secret that signs, in characters.
const leastSecret = 16

// SignatureHeader names the header that signs what a hook is sent: t=SECONDS,v1=HEX, where HEX is HMAC-SHA256 over SECONDS, a dot and the body.
const SignatureHeader = "X-Drover-Signature"

// Sign is the value of SignatureHeader for a body sent at the time.
func Sign(secret vault.Secret, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Send returns nil when the other side answers with 2xx.
func (h *Hook) Send(ctx context.Context, entries []audit.Line) error {
	text, err := jsonLines(entries)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.address, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("User-Agent", "Drover")
	request.Header.Set(SignatureHeader, Sign(h.secret, time.Now(), text))
	answer, err := h.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook returned %s", answer.Status)
	}
	return nil
}

// Syslog sends RFC 5424 messages over a unix socket, UDP, TCP or TLS. None of them acknowledges: what the other side loses after its
// machine took it is lost there.
type Syslog struct {
	network, address string
	secure           *tls.Config // nil without TLS
	host             string
}

// NewSyslog returns the server at the address: unix:///dev/log, udp://host:514, tcp://host:601 or tls://host:6514.
func NewSyslog(address string, authorities *x509.CertPool) (*Syslog, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%q is not an address", address)
	}
	s := &Syslog{network: u.Scheme, address: u.Host}
	switch u.Scheme {
	case "unix":
		s.network, s.address = "unixgram", u.Path
	case "udp", "tcp":
	case "tls":
		s.network, s.secure = "tcp", &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities, ServerName: u.Hostname()}
	default:
		s.address = ""
	}
	if s.address == "" || s.network != "unixgram" && u.Port() == "" {
		return nil, fmt.Errorf("%q is not a syslog address; write it as unix:///dev/log, udp://host:514, tcp://host:601 or tls://host:6514", address)
	}
	if s.host, err = os.Hostname(); err != nil {
		s.host = "-"
	}
	return s, nil
}

// Send writes one message for each entry over a connection of its own.
func (s *Syslog) Send(ctx context.Context, entries []audit.Line) error {
	var dialer interface {
		DialContext(context.Context, string, string) (net.Conn, error)
	} = &net.Dialer{}
	if s.secure != nil {
		dialer = &tls.Dialer{Config: s.secure}
	}
	conn, err := dialer.DialContext(ctx, s.network, s.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, has := ctx.Deadline(); has {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if _, err := conn.Write(s.message(e)); err != nil {
			return err
		}
	}
	if s.network != "tcp" {
		return nil
	}
	return drained(conn)
}

// drained tells the other side that nothing more comes, and waits until it has closed, so that it has read everything.
func drained(conn net.Conn) error {
	closer, is := conn.(interface{ CloseWrite() error })
	if !is {
		return nil
	}
	if err := closer.CloseWrite(); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// Facility 13, log audit; severities of RFC 5424, section 6.2.1.
const (
	facility = 13
	notice   = 5
	warning  = 4
)

// longestMessage bounds a message in bytes, so that it fits into a datagram. A longer detail is left out and said to be.
const longestMessage = 60 << 10

func (s *Syslog) message(e audit.Line) []byte {
	severity := notice
	if e.Outcome != audit.Done {
		severity = warning
	}
	text, err := jsonLines([]audit.Line{e})
	if err == nil && len(text) > longestMessage {
		e.Detail = json.RawMessage(`{"left_out":"too long for syslog"}`)
		text, err = jsonLines([]audit.Line{e})
	}
	if err != nil {
		text = []byte(err.Error())
	}
	header := fmt.Sprintf("<%d>1 %s %s drover %d %s - ", facility*8+severity, e.At.UTC().Format("2006-01-02T15:04:05.000000Z"), s.host, os.Getpid(),
		strings.ReplaceAll(string(e.Action), " ", ""))
	message := append([]byte(header), bytes.TrimSuffix(text, []byte("\n"))...)
	if s.network == "tcp" { // RFC 6587, octet counting
		return append([]byte(strconv.Itoa(len(message))+" "), message...)
	}
	return message
}
