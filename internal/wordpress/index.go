package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// index is what Drover reads of the REST index.
type index struct {
	Name, Home, URL string
	Namespaces      []string
	Authentication  json.RawMessage // an empty array where nothing is offered, else an object
}

// largestIndex is more than other answers may have: caches and rewrites drop _fields, and the whole index of a site with many plugins
// comes. FullIndex asks for it on purpose.
const largestIndex = 8 << 20

// FullIndex asks for a site's whole index.
func FullIndex() Request {
	return Request{Method: http.MethodGet, Path: "/", MaxBody: largestIndex}
}

// parseIndex reads an index, and tells whether it is one: it names namespaces, or the site.
func parseIndex(raw json.RawMessage) (index, bool) {
	fields, is := readObject(raw)
	i := index{
		Name: readText(fields["name"]), Home: readText(fields["home"]), URL: readText(fields["url"]),
		Namespaces: readTexts(fields["namespaces"]), Authentication: fields["authentication"],
	}
	named := len(fields["authentication"]) > 0 && (i.Home != "" || i.URL != "")
	return i, is && (len(i.Namespaces) > 0 || named)
}

// getRequest is a request that only looks.
func getRequest(path string, timeout time.Duration) Request {
	return Request{Method: http.MethodGet, Path: path, Timeout: timeout}
}

// indexAt reads the index below the root, with the client's credential.
func (c *Client) indexAt(ctx context.Context, root string, timeout time.Duration) reading {
	at := *c
	at.address.Root = root
	request := getRequest("/?_fields=name,home,url,namespaces,authentication", timeout)
	request.MaxBody = largestIndex
	x := at.Do(ctx, request)
	r := reading{exchange: x, verdict: Classify(x)}
	if r.verdict.Outcome == OK {
		found, _ := findJSON(x.Body)
		r.index, r.found = parseIndex(found.value)
	}
	return r
}

// reading is what asking for an index gave.
type reading struct {
	index    index
	found    bool
	exchange Exchange
	verdict  Verdict
}

// indexForVisitors reads the index as a visitor, and once more with the credential where visitors are told less: private sites and
// security plugins refuse them in many forms, or leave namespaces out.
func (c *Client) indexForVisitors(ctx context.Context, root string, timeout time.Duration) reading {
	public := c.anonymous().indexAt(ctx, root, timeout)
	if c.username == "" || len(cacheplugin.In(public.index.Namespaces)) > 0 || silent(public.exchange) {
		return public
	}
	if signed := c.indexAt(ctx, root, timeout); signed.found || !public.found {
		return signed
	}
	return public
}

// silent tells whether nothing answered, so that asking once more would only wait once more.
func silent(x Exchange) bool {
	reason := Classify(x).Reason
	return reason == ReasonTimeout || x.Status == 0 && reason != ReasonCutOff
}
