package wordpress

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"
)

// relation is how WordPress marks its REST root, in the header Link and in the page (rest_output_link_header).
const relation = "https://api.w.org/"

// announced returns the REST root that a page announces, or the empty string.
func announced(x Exchange) string {
	for _, header := range x.Header.Values("Link") {
		for _, link := range parseLinks(header) {
			if root := absolute(x.URL, link.target); link.is(relation) && root != "" {
				return root
			}
		}
	}
	return absolute(x.URL, linked(x.Body))
}

// linked looks for the link in the page's head.
func linked(body []byte) string {
	tokens := xhtml.NewTokenizer(bytes.NewReader(body))
	for {
		switch tokens.Next() {
		case xhtml.ErrorToken:
			return ""
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			token := tokens.Token()
			if token.Data == "body" {
				return ""
			}
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Key] = a.Val
			}
			if token.Data == "link" && slices.Contains(strings.Fields(strings.ToLower(attributes["rel"])), relation) {
				return attributes["href"]
			}
		}
	}
}

func absolute(base, reference string) string {
	if reference == "" {
		return ""
	}
	b, err := url.Parse(base)
	if err != nil {
		return ""
	}
	u, err := b.Parse(reference)
	if err != nil || u.User != nil {
		return ""
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}
