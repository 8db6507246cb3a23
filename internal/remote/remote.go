// Package remote speaks to a Drover elsewhere, for the command line: it sends a token and reads JSON lines. What the lines mean is not
// known here.
package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/vault"
)

// Drover is a server elsewhere, and the token to use there.
type Drover struct {
	server *url.URL
	token  vault.Secret
	client *http.Client
}

// answerTime bounds one exchange with the server.
const answerTime = 2 * time.Minute

// New returns the server at the address, which must be https, or http on this machine: a token never travels in the clear. The
// authorities may be nil for the system's own.
func New(address string, token vault.Secret, authorities *x509.CertPool) (*Drover, error) {
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not a server URL; write it as https://drover.agency.example", address)
	}
	local := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return nil, fmt.Errorf("%s: use https, or the token could be read on its way", address)
	}
	if token.Reveal() == "" {
		return nil, errors.New("a token is required; create one under Settings, API tokens, and set DROVER_TOKEN to it")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities}
	// A redirect could lead the token to another server.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Drover{u, token, &http.Client{Transport: transport, Timeout: answerTime, CheckRedirect: stay}}, nil
}

// Problem is what the server says is wrong.
type Problem struct {
	Status  int               `json:"status"`
	Message string            `json:"message"`
	Fix     string            `json:"mend"`
	Fields  map[string]string `json:"fields"`
}

// Error is the problem as a sentence.
func (p Problem) Error() string {
	if len(p.Fields) == 0 {
		return p.Message + ". " + p.Fix
	}
	var sentences []string
	for name, sentence := range p.Fields {
		sentences = append(sentences, name+": "+sentence)
	}
	slices.Sort(sentences)
	return strings.Join(sentences, "; ")
}

// longestAnswer bounds what is read of an answer, in bytes.
const longestAnswer = 256 << 20

// Call sends the value, unless it is nil, as JSON, and calls each with every JSON value of the answer. It returns a Problem where the
// server says no.
func (d *Drover) Call(ctx context.Context, method, path string, query url.Values, value any, each func(json.RawMessage) error) error {
	request, err := d.request(ctx, method, path, query, value)
	if err != nil {
		return err
	}
	answer, err := d.client.Do(request)
	if err != nil {
		return fmt.Errorf("the server was not reached: %w", err)
	}
	defer answer.Body.Close()
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if kind != "application/json" && kind != "application/x-ndjson" {
		return fmt.Errorf("%s returned %s, which is not a Drover response; check the URL", d.server.Host, answer.Status)
	}
	decoder := json.NewDecoder(io.LimitReader(answer.Body, longestAnswer))
	if answer.StatusCode >= http.StatusMultipleChoices {
		var refused struct{ Error Problem }
		if err := decoder.Decode(&refused); err != nil {
			return fmt.Errorf("the server returned %s", answer.Status)
		}
		return refused.Error
	}
	for {
		var line json.RawMessage
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("the server's answer broke off: %w", err)
		}
		if err := each(line); err != nil {
			return err
		}
	}
}

func (d *Drover) request(ctx context.Context, method, path string, query url.Values, value any) (*http.Request, error) {
	u := d.server.JoinPath(path) // #nosec G125 -- the path is a constant and a number
	u.RawQuery = query.Encode()
	var body io.Reader = http.NoBody
	if value != nil {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+d.token.Reveal())
	request.Header.Set("Content-Type", "application/json")
	return request, nil
}

// One sends as Call does and reads a single value.
func One[T any](ctx context.Context, d *Drover, method, path string, value any) (T, error) {
	var found T
	err := d.Call(ctx, method, path, nil, value, func(line json.RawMessage) error { return json.Unmarshal(line, &found) })
	return found, err
}

// Lines asks as Call does and reads every value into the same type.
func Lines[T any](ctx context.Context, d *Drover, path string, query url.Values) ([]T, error) {
	var all []T
	err := d.Call(ctx, http.MethodGet, path, query, nil, func(line json.RawMessage) error {
		var each T
		err := json.Unmarshal(line, &each)
		all = append(all, each)
		return err
	})
	return all, err
}
