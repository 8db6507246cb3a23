package wordpress

import (
	"bytes"
	"context"
	"net/http"
	"strings"
)

// wire says where a request goes, and whether it is one to the REST API, which carries the credential.
type wire struct {
	url string
	api bool
}

// disguise returns the method and address that go over the wire, and how the verb is hidden where the site's firewall blocks it.
func (c *Client) disguise(r Request, w wire) (method, address, override string) {
	blocked := r.Method == http.MethodPatch || r.Method == http.MethodPut || r.Method == http.MethodDelete
	switch {
	case !w.api || !blocked || c.address.Override == OverrideNone:
		return r.Method, w.url, OverrideNone
	case c.address.Override == OverrideHeader:
		return http.MethodPost, w.url, OverrideHeader
	}
	joint := "?"
	if strings.Contains(w.url, "?") {
		joint = "&"
	}
	return http.MethodPost, w.url + joint + "_method=" + r.Method, OverrideQuery
}

// request builds what goes over the wire. WordPress reads a body only under a JSON type, and tells of its own trouble in JSON only
// when asked for it (wp_is_json_request).
func (c *Client) request(ctx context.Context, r Request, w wire) (*http.Request, error) {
	method, address, override := c.disguise(r, w)
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(r.Body))
	if err != nil {
		return nil, requestError("Drover cannot send requests to this URL.")
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", "gzip")
	if !w.api {
		request.Header.Set("Accept", "text/html,*/*;q=0.8")
	}
	for name, values := range r.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("User-Agent", c.network.userAgent)
	if w.api && (len(r.Body) > 0 || !reads(r.Method)) {
		request.Header.Set("Content-Type", "application/json")
	}
	if override == OverrideHeader {
		request.Header.Set("X-HTTP-Method-Override", r.Method)
	}
	if w.api && c.username != "" {
		request.SetBasicAuth(c.username, c.password)
	}
	return request, nil
}
