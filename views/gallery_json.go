package views

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// smallJSON has each kind of value, numbers that a browser cannot hold, and keys that jq reads only in quotes.
const smallJSON = `{"success":true,"data":[{"id":9007199254740993,"price":1.10,"title":{"rendered":"Hello, world"},"meta":[],"draft":false,"parent":null,"a ` +
	`key":{"with \"quotes\"":1e400}}],` +
	`"nested":{"a":{"b":{"c":[[[["deep"]]]]}}},"empty":{},"text":"two\nlines","пример":"` + hebrewName + `"}`

// hostileJSON tries what a site could try: keys and values that are HTML, names that every object has, and more depth than a page can hold.
func hostileJSON() string {
	const deep = 3000
	evil := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(hostile)
	return `{"` + evil + `":"` + evil + `","__proto__":{"polluted":"` + evil +
		`"},"constructor":"c","toString":"t","hasOwnProperty":1,"length":3,"":"no name","same":1,"same":2,"\u2028\u202e":"turned",` +
		`"deep":` + strings.Repeat(`[`, deep) + `"bottom"` + strings.Repeat(`]`, deep) + `}`
}

// bigJSON is an answer of about one megabyte: 2,000 posts.
var bigJSON = sync.OnceValue(func() string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range 2000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"slug":"post-%d","status":"publish","title":{"rendered":"Post number `+
			`%d"},"content":{"rendered":"%s"},"tags":[%d,%d],"author":{"name":"Mara","roles":["editor"]}}`,
			i+1, i+1, i+1, strings.Repeat("Some words of a post. ", 16), i%7, i%11)
	}
	b.WriteByte(']')
	return b.String()
})

func galleryJSON() []GalleryPage {
	page := func(state, body string, cut bool) GalleryPage {
		target := galleryTarget(0, "ok", "")
		attempt := Attempt{N: 1, Method: "GET", URL: target.Home + "/wp-json/wp/v2/posts", Sent: true, Status: 200,
			Headers: []Header{{"Content-Type", "application/json"}}, Body: body, BodyCut: cut,
			Outcome: "ok", Address: "203.0.113.9", StartedAt: time.Now().Add(-time.Minute), Took: 640 * time.Millisecond}
		return GalleryPage{"exchange", state, Exchange(ExchangePage{Frame: galleryFrame(target.Site, "runs", "viewer"), RunTitle: "GET /wp/v2/posts", Target: target,
			Attempts: []Attempt{attempt}})}
	}
	return []GalleryPage{
		page("JSON", smallJSON, false), page("JSON, 1 MB", bigJSON(), false), page("JSON, hostile", hostileJSON(), false),
		page("JSON, cut off", smallJSON[:120], true), page("JSON, a value alone", `"only a text"`, false),
	}
}
