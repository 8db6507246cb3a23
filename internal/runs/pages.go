package runs

import (
	"bytes"
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/wordpress"
)

// mostPages bounds the pages of one list.
const mostPages = 50

// follow asks for the further pages of a list, each as an attempt of its own. WordPress tells their number (X-WP-TotalPages).
func (y *trying) follow(ctx context.Context, first wordpress.Exchange, v wordpress.Verdict) (wordpress.Verdict, bool) {
	pages, err := strconv.Atoi(first.Header.Get("X-Wp-Totalpages"))
	if err != nil {
		if found, is := wordpress.FindJSON(first.Body); is && bytes.HasPrefix(found, []byte("[")) {
			v.Outcome, v.Note = wordpress.Partial, "Only the first page was read: the site does not say how many there are (X-WP-TotalPages). "+v.Note
		}
		return v, true
	}
	path := y.request.Path
	for page := 2; page <= min(pages, mostPages); page++ {
		y.request.Path = paged(path, page)
		x, known := y.once(ctx)
		if !known {
			return v, false
		}
		next := wordpress.Classify(x)
		x, next = redacted(x, next, y.batch.plan.secretsOf(y.batch.sites[y.target.SiteID]))
		y.target.Attempts++
		y.batch.writer.attempt(y.target.ID, y.batch.plan.attempt(y.target.Attempts, x, next))
		if next.Outcome != wordpress.OK {
			v.Outcome, v.Note = wordpress.Partial, "Page "+strconv.Itoa(page)+" of "+strconv.Itoa(pages)+" could not be read: "+next.Reason.Sentence()+" "+next.Note
			return v, true
		}
	}
	if pages > mostPages {
		v.Outcome, v.Note = wordpress.Partial, "The list has "+strconv.Itoa(pages)+" pages; the first "+strconv.Itoa(mostPages)+" were read."
	}
	return v, true
}

// paged is the path for another page of the list.
func paged(path string, page int) string {
	route, text, _ := strings.Cut(path, "?")
	query, err := url.ParseQuery(text)
	if err != nil {
		query = url.Values{} // a request with such a query was refused
	}
	query.Set("page", strconv.Itoa(page))
	return route + "?" + query.Encode()
}
