package wordpress

import (
	"strings"
	"testing"
)

// Whatever a site answers, no more comes of it than addresses and names on one line.
func FuzzBlogs(f *testing.F) {
	f.Add([]byte(`PHP Warning: x <?xml version="1.0" encoding="ISO-8859-1"?><methodResponse><params><param><value><array><data><value><struct><member><name>url` +
		`</name><value>https://a.example/</value></member></struct></value></data></array></value></param></params></methodResponse>`))
	f.Add([]byte("<methodResponse>" +
		"<fault><value><struct><member><name>faultCode</name><value><int>403</int></value></member></struct></value></fault></methodResponse>"))
	f.Add([]byte("<html><methodResponse>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		blogs, v := readBlogs(Exchange{Method: "POST", Status: 200, Body: body})
		if v.Outcome != OK && len(blogs) > 0 || v.Outcome != OK && v.Reason == "" {
			t.Errorf("%q: %+v, %+v", body, blogs, v)
		}
		for _, b := range blogs {
			if b.URL == "" || strings.ContainsAny(b.URL+b.Name, "\n\r\x00") {
				t.Errorf("%q: %+v", body, b)
			}
		}
	})
}

func TestBlogsAreReadPastDebris(t *testing.T) {
	t.Parallel()
	answer := "\n<b>Warning</b>: x\n<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" +
		"<methodResponse><params><param><value><array><data><value><struct><member><name>url</name>" +
		"<value>https://a.example/</value></member><member><name>blogName</name><value><string>Caf\xe9 &amp; more</string></value></member>" +
		"<member><name>isAdmin</name>" +
		"<value><boolean>1</boolean></value></member></struct></value></data></array></value></param></params></methodResponse>"
	blogs, v := readBlogs(Exchange{Method: "POST", Status: 200, Body: []byte(answer)})
	if v.Outcome != OK || len(blogs) != 1 || blogs[0] != (Blog{"https://a.example/", "Café & more", true}) {
		t.Errorf("%+v, %+v", blogs, v)
	}
}
