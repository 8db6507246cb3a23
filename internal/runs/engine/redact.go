package engine

import (
	"errors"
	"slices"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/wordpress"
)

// redacted takes secrets out of an exchange and its verdict before anything is stored or shown: the site's credential, where the answer repeats it,
// what looks like a secret, and what is known, which was filled in.
func redacted(x wordpress.Exchange, v wordpress.Verdict, known []string) (wordpress.Exchange, wordpress.Verdict) {
	request, address, answer := endpoint.Redact(string(x.RequestBody)), endpoint.Redact(x.URL), endpoint.Redact(x.Conceal(string(x.Body)))
	secrets := slices.Concat(known, request.Secrets, address.Secrets, answer.Secrets)
	scrub := func(text string) string { return endpoint.Scrub(endpoint.Redact(text).Text, secrets) }
	if x.RequestBody != nil {
		x.RequestBody = []byte(endpoint.Scrub(request.Text, secrets))
	}
	if x.Body != nil {
		x.Body = []byte(endpoint.Scrub(answer.Text, secrets))
	}
	x.URL, x.Header = endpoint.Scrub(address.Text, secrets), endpoint.RedactHeader(x.Header)
	for _, values := range x.Header {
		for i := range values {
			values[i] = endpoint.Scrub(x.Conceal(values[i]), secrets)
		}
	}
	v.Code, v.Message, v.Note, v.Location = scrub(v.Code), scrub(v.Message), scrub(v.Note), scrub(v.Location)
	if x.Fault != nil {
		x.Fault = errors.New(scrub(x.Fault.Error()))
	}
	return x, v
}
