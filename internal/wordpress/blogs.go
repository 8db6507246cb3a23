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

// xmlAnswer is what WordPress answers over XML-RPC: a fault, or structures.
type xmlAnswer struct {
	structs []map[string]string // the texts of their members by name
	fault   bool                // the first of them is why it failed
}

const closedXMLRPC = "The site's xmlrpc.php does not respond, and WordPress lists a network's sites nowhere else. Hosts and security plugins often block it. " +
	"Enter the sites' addresses instead."

func readBlogs(x Exchange) ([]Blog, Verdict) {
	if x.Fault != nil && !x.TooLarge {
		return nil, Classify(x)
	}
	a, found := parseXMLAnswer(x.Body)
	fault := map[string]string{}
	if a.fault && len(a.structs) > 0 {
		fault = a.structs[0]
	}
	switch {
	case !found:
		return nil, Verdict{Outcome: Failed, Reason: ReasonNoRoute, Status: x.Status, Note: closedXMLRPC}
	case fault["faultCode"] == "403":
		return nil, Verdict{Outcome: Failed, Reason: ReasonBadCredential, Status: x.Status, Code: "403"}
	case a.fault:
		return nil, Verdict{Outcome: Failed, Reason: ReasonForbidden, Status: x.Status, Code: printable(fault["faultCode"], 20),
			Note: "WordPress returned: " + plain(printable(fault["faultString"], 300))}
	}
	var blogs []Blog
	for _, s := range a.structs {
		b := Blog{URL: printable(s["url"], 500), Name: plain(printable(s["blogName"], 300)), Admin: s["isAdmin"] == "1"}
		if b.URL != "" {
			blogs = append(blogs, b)
		}
	}
	return blogs, Verdict{Outcome: OK, Status: x.Status}
}

// What bounds an answer, so that it takes little more memory than its length: sites, how deep it nests, and how many bytes of a text count.
const (
	mostBlogs   = 25_000
	deepestXML  = 50
	longestText = 4000
)

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
	r := xmlReader{fields: map[string]string{}}
	for depth := 0; depth <= deepestXML; {
		token, err := d.Token()
		if err != nil {
			break
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			r.begins(token.Name.Local)
		case xml.CharData:
			r.text = append(r.text, token[:min(len(token), longestText-min(len(r.text), longestText))]...)
		case xml.EndElement:
			depth--
			r.ends(token.Name.Local)
			if depth == 0 && token.Name.Local == "methodResponse" {
				return r.answer, true
			}
		}
	}
	return xmlAnswer{}, false
}

// xmlReader takes structures together from what stands in them. Those within others do not occur.
type xmlReader struct {
	answer xmlAnswer
	text   []byte
	name   string            // of the member
	fields map[string]string // of the structure
}

func (r *xmlReader) begins(element string) {
	r.text = r.text[:0]
	if element == "fault" {
		r.answer.fault = true
	}
}

func (r *xmlReader) ends(element string) {
	text := strings.TrimSpace(string(r.text))
	switch element {
	case "name":
		r.name = text
	case "value":
		if blogFields[r.name] {
			r.fields[r.name] = text
		}
		r.name = ""
	case "struct":
		if len(r.fields) > 0 && len(r.answer.structs) < mostBlogs {
			r.answer.structs, r.fields = append(r.answer.structs, r.fields), map[string]string{}
		}
	}
}

// blogFields are the members that count.
var blogFields = map[string]bool{"url": true, "blogName": true, "isAdmin": true, "faultCode": true, "faultString": true}
