package wordpress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
)

// Why an exchange has no answer, or only a part of one.
var (
	ErrRequest        = errors.New("the request cannot be sent as it is")
	ErrRefusedAddress = errors.New("the address is not one that Drover may speak to")
	ErrResolve        = errors.New("the host name is not known")
	ErrConnect        = errors.New("the server does not accept a connection")
	ErrTLS            = errors.New("the connection is not secure")
	ErrTimeout        = errors.New("the time for an answer ran out")
	ErrCutOff         = errors.New("the connection was cut")
	ErrCancelled      = errors.New("it was cancelled")
	ErrTooLarge       = errors.New("the answer is too large")
)

var faults = []error{ErrRequest, ErrRefusedAddress, ErrResolve, ErrConnect, ErrTLS, ErrTimeout, ErrCutOff, ErrCancelled, ErrTooLarge}

// ended says in our words why the context ended.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrTimeout
	}
	return ErrCancelled
}

// faultOf puts whatever the network said into one of our words. Its own text may quote the site, never the credential.
func faultOf(ctx context.Context, err error) error {
	for _, known := range faults {
		if errors.Is(err, known) {
			if errors.Is(err, ErrConnect) && ctx.Err() != nil {
				return ended(ctx)
			}
			return err
		}
	}
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return ended(ctx)
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout
	}
	if text := insecure(err); text != "" {
		return fmt.Errorf("%w: %s", ErrTLS, text)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w before the answer was complete", ErrCutOff)
	}
	return fmt.Errorf("%w: %w", ErrCutOff, err)
}

// insecure names what is wrong with the certificate or the handshake, or returns the empty string.
func insecure(err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired or is not valid yet"
	case errors.As(err, &host):
		return "the certificate is for another host name"
	case errors.As(err, &authority):
		return "the certificate was issued by an unknown authority"
	case errors.As(err, &invalid), errors.As(err, &verification):
		return "the certificate is not valid"
	case errors.As(err, &record):
		return "the server does not speak TLS on this port"
	case errors.As(err, &alert):
		return "the server refused the TLS handshake: " + alert.Error()
	}
	return ""
}
