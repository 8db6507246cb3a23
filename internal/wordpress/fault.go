package wordpress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
)

// Why an exchange has no answer, or only a part of one. ErrWait comes together with ErrCancelled or ErrTimeout: it ended while the
// request still waited for its turn, so nothing was sent.
var (
	ErrRequest        = errors.New("the request cannot be sent as it is")
	ErrRefusedAddress = errors.New("the address is one that Drover is not allowed to contact")
	ErrResolve        = errors.New("the host name does not resolve")
	ErrConnect        = errors.New("the connection failed")
	ErrTLS            = errors.New("the connection is not secure")
	ErrTimeout        = errors.New("the request timed out")
	ErrCutOff         = errors.New("the connection was lost")
	ErrCancelled      = errors.New("it was cancelled")
	ErrTooLarge       = errors.New("the answer is too large")
	ErrWait           = errors.New("the request was still waiting for its turn")
	ErrBusy           = errors.New("the server asked Drover to slow down, so nothing was sent. Try again in a minute")
)

var faults = []error{ErrRequest, ErrRefusedAddress, ErrResolve, ErrConnect, ErrTLS, ErrTimeout, ErrCutOff, ErrCancelled, ErrTooLarge}

// ended says in our words why the context ended.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrTimeout
	}
	return ErrCancelled
}

// faultOf puts whatever the network said into one of our words. What came before the request was sent can be a matter of TLS; after
// that, a TLS alert cuts the connection like anything else.
func faultOf(ctx context.Context, err error, sent bool) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	for _, known := range faults {
		if errors.Is(err, known) {
			return err
		}
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return ErrTimeout
	}
	if text := insecure(err, sent); text != "" {
		return fmt.Errorf("%w: %s", ErrTLS, text)
	}
	return fmt.Errorf("%w: %s", ErrCutOff, cause(err))
}

// insecure names what is wrong with the certificate or the handshake, or returns the empty string.
func insecure(err error, sent bool) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case strings.Contains(err.Error(), "remote error: tls: ") && wantsClientCertificate(err):
		return "the server requires a client certificate, which Drover does not have. Exempt /wp-json/ or Drover's IP address from this requirement"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired or is not valid yet. Renew it"
	case errors.As(err, &host):
		return "the certificate is for another host name. Get one that includes this host"
	case errors.As(err, &authority):
		return "the certificate was issued by an unknown authority" + chainOf(err)
	case errors.As(err, &invalid), errors.As(err, &verification):
		return "the certificate is not valid"
	case sent:
		return ""
	case errors.As(err, &record):
		return "the server does not use TLS on this port"
	case errors.As(err, &alert):
		return "the server refused the TLS handshake (" + strings.TrimPrefix(alert.Error(), "tls: ") + ")"
	case strings.Contains(err.Error(), "tls: "): // crypto/tls has no type for these
		return "the TLS handshake failed (" + strings.TrimPrefix(err.Error(), "tls: ") + ")"
	}
	return ""
}

// wantsClientCertificate tells the alerts by which a server asks for a client's certificate. In TLS 1.3 they come after the request was sent, and
// the server has not read it.
func wantsClientCertificate(err error) bool {
	for _, alert := range []string{"certificate required", "bad certificate", "no certificate", "unsupported certificate", "unknown certificate"} {
		if strings.HasSuffix(err.Error(), "tls: "+alert) {
			return true
		}
	}
	return false
}

// chainOf says what is wrong with a chain that leads to no known authority. Browsers fetch a missing intermediate themselves or have
// it from elsewhere, so such a site looks fine in them.
func chainOf(err error) string {
	var verification *tls.CertificateVerificationError
	if !errors.As(err, &verification) || len(verification.UnverifiedCertificates) == 0 {
		return ""
	}
	last := verification.UnverifiedCertificates[0]
	for range verification.UnverifiedCertificates { // follow the issuers as far as they were sent, in whatever order
		for _, other := range verification.UnverifiedCertificates {
			if !other.Equal(last) && bytes.Equal(last.RawIssuer, other.RawSubject) {
				last = other
				break
			}
		}
	}
	if bytes.Equal(last.RawIssuer, last.RawSubject) {
		if len(verification.UnverifiedCertificates) == 1 {
			return ": it is self-signed. Get one from a public authority, or add this one to DROVER_CA_FILE"
		}
		return ". Get one from a public authority, or add that authority to DROVER_CA_FILE"
	}
	return fmt.Sprintf(": the server does not send the certificate of its issuer, “%s”. Usually an intermediate certificate is missing, which browsers fetch "+
		"themselves. "+
		"Configure the server to send the full chain (fullchain.pem)", printable(last.Issuer.CommonName, 100))
}

// cause shortens what the network said to what a person needs: its long form repeats addresses and ports.
func cause(err error) string {
	var number syscall.Errno
	var timeout net.Error
	switch {
	case errors.As(err, &number):
		return number.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed it before the response was complete"
	}
	return err.Error()
}
