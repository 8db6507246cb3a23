package wordpress

import (
	"bytes"
	"context"
	"encoding/xml"
	"net/http"
	"strings"

	"golang.org/x/net/html/charset"
)

// Blog is one site of a WordPress network.
type Blog struct {
	URL, Name string
	Admin     bool // the user manages it
}

// longestBlogs bounds the answer that lists a network's sites, in bytes; 5,000 take about 4 MB.
const longestBlogs = 16 << 20

// Blogs lists the sites of the network that the client's user belongs to, over XML-RPC: it is the only way that WordPress has without a plugin
// (wp.getUsersBlogs). SiteURL is the address of WordPress itself. A site that is no network lists itself.
func (c *Client) Blogs(ctx context.Context, siteURL string) ([]Blog, Verdict) {
	at := c.address.Home
	if u, h := webAddress(siteURL), webAddress(at); u != nil && h != nil && bareHost(u) == bareHost(h) {
		at = originOf(at) + belowOrigin(u)
	}
	body := "<?xml version=\"1.0\"?>\n<methodCall><methodName>wp.getUsersBlogs</methodName><params>" +
		xmlParameter(c.username) + xmlParameter(c.password) + "</params></methodCall>"
	r := Request{Method: http.MethodPost, Body: []byte(body), MaxBody: longestBlogs, Header: http.Header{"Content-Type": {"text/xml; charset=UTF-8"}}}
	x := c.exchange(ctx, r, wire{url: strings.TrimSuffix(at, "/") + "/xmlrpc.php"})
	x.RequestBody = nil // it holds the password
	return readBlogs(x)
}

func xmlParameter(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return "<param><value><string>" + b.String() + "</string></value></param>"
}

// The parts of XML-RPC that WordPress answers with.
type (
	xmlValue struct {
		Text    string      `xml:",chardata"`
		Texts   []string    `xml:"string"`
		Boolean string      `xml:"boolean"`
		Int     string      `xml:"int"`
		Members []xmlMember `xml:"struct>member"`
		Values  []xmlValue  `xml:"array>data>value"`
	}
	xmlMember struct {
		Name  string   `xml:"name"`
		Value xmlValue `xml:"value"`
	}
	xmlAnswer struct {
		XMLName xml.Name   `xml:"methodResponse"`
		Params  []xmlValue `xml:"params>param>value"`
		Fault   *xmlValue  `xml:"fault>value"`
	}
)

func (v xmlValue) text() string {
	if len(v.Texts) > 0 {
		return v.Texts[0]
	}
	return strings.TrimSpace(v.Text + v.Boolean + v.Int)
}

func (v xmlValue) member(name string) string {
	for _, m := range v.Members {
		if m.Name == name {
			return m.Value.text()
		}
	}
	return ""
}

const closedXMLRPC = "The site's xmlrpc.php does not answer, and WordPress lists the sites of a network nowhere else. Hosts and security plugins close it. " +
	"Enter the sites' addresses instead."

func readBlogs(x Exchange) ([]Blog, Verdict) {
	if x.Fault != nil && !x.TooLarge {
		return nil, Classify(x)
	}
	a, found := parseXMLAnswer(x.Body)
	switch {
	case !found:
		return nil, Verdict{Outcome: Failed, Reason: ReasonNoRoute, Status: x.Status, Note: closedXMLRPC}
	case a.Fault != nil && a.Fault.member("faultCode") == "403":
		return nil, Verdict{Outcome: Failed, Reason: ReasonBadCredential, Status: x.Status, Code: "403"}
	case a.Fault != nil:
		return nil, Verdict{Outcome: Failed, Reason: ReasonForbidden, Status: x.Status, Code: printable(a.Fault.member("faultCode"), 20),
			Note: "WordPress answered: " + plain(printable(a.Fault.member("faultString"), 300))}
	}
	var blogs []Blog
	for _, p := range a.Params {
		for _, v := range p.Values {
			b := Blog{URL: printable(v.member("url"), 500), Name: plain(printable(v.member("blogName"), 300)), Admin: v.member("isAdmin") == "1"}
			if b.URL != "" {
				blogs = append(blogs, b)
			}
		}
	}
	return blogs, Verdict{Outcome: OK, Status: x.Status}
}

// parseXMLAnswer reads an answer, whatever a plugin printed before it.
func parseXMLAnswer(body []byte) (a xmlAnswer, found bool) {
	i := bytes.Index(body, []byte("<methodResponse"))
	if i < 0 {
		return a, false
	}
	if j := bytes.LastIndex(body[:i], []byte("<?xml")); j >= 0 {
		i = j
	}
	d := xml.NewDecoder(bytes.NewReader(body[i:]))
	d.CharsetReader = charset.NewReaderLabel
	if err := d.Decode(&a); err != nil {
		return xmlAnswer{}, false
	}
	return a, true
}
