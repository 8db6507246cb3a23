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

// A hostile answer takes no more than its length: neither by its depth, nor by how much it lists.
func TestBlogsAreBounded(t *testing.T) {
	t.Parallel()
	one := "<value><struct><member><name>url</name><value>https://a.example/</value></member></struct></value>"
	list := func(within string) Exchange {
		return Exchange{Method: "POST", Status: 200, Body: []byte("<methodResponse><params><param><value><array><data>" + within +
			"</data></array></value></param></params></methodResponse>")}
	}
	if blogs, v := readBlogs(list(strings.Repeat(one, mostBlogs+10))); v.Outcome != OK || len(blogs) != mostBlogs {
		t.Errorf("%d, %+v", len(blogs), v)
	}
	if blogs, v := readBlogs(list(strings.Repeat("<value/><member/>", 100_000) + one)); v.Outcome != OK || len(blogs) != 1 {
		t.Errorf("%d, %+v", len(blogs), v)
	}
	if _, v := readBlogs(list(strings.Repeat("<a>", 100) + one + strings.Repeat("</a>", 100))); v.Reason != ReasonNoRoute {
		t.Errorf("%+v", v)
	}
	long := strings.Replace(one, "https://a.example/", strings.Repeat("x<i/>", 100_000), 1)
	if blogs, v := readBlogs(list(long)); v.Outcome != OK || len(blogs) > 1 || len(blogs) == 1 && len(blogs[0].URL) > 600 {
		t.Errorf("%d, %+v", len(blogs), v)
	}
}
