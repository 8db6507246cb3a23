package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/wordpress"
)

// mostPages bounds the pages of one list.
const mostPages = 50

// follow asks for the further pages of a list, each as an attempt of its own. WordPress tells their number (X-WP-TotalPages).
func (y *sending) follow(ctx context.Context, first wordpress.Exchange, v wordpress.Verdict) (wordpress.Verdict, error) {
	pages, err := strconv.Atoi(first.Header.Get("X-Wp-Totalpages"))
	if err != nil {
		if found, is := wordpress.FindJSON(first.Body); is && bytes.HasPrefix(found, []byte("[")) && !isEmpty(found) {
			v.Outcome, v.Note = wordpress.Partial, "Only the first page was read: the site does not say how many there are (X-WP-TotalPages). "+v.Note
		}
		return v, nil
	}
	path, seen := y.request.Path, map[string]bool{}
	if found, is := wordpress.FindJSON(first.Body); is {
		seen[identityOf(found)] = true
	}
	for page := 2; page <= min(pages, mostPages); page++ {
		y.request.Path = paged(path, page)
		_, next, stopped := y.page(ctx, seen)
		if errors.Is(stopped, errCancelled) {
			v.Outcome, v.Note = wordpress.Partial, "The run was cancelled before page "+strconv.Itoa(page)+" of "+strconv.Itoa(pages)+" was read."
			return v, nil
		}
		if stopped != nil {
			return v, stopped
		}
		if next.Outcome != wordpress.OK {
			v.Outcome, v.Note = wordpress.Partial, "Page "+strconv.Itoa(page)+" of "+strconv.Itoa(pages)+" could not be read: "+next.Reason.Sentence()+" "+next.Note
			return v, nil
		}
	}
	if pages > mostPages {
		v.Outcome, v.Note = wordpress.Partial, "The list has "+strconv.Itoa(pages)+" pages; the first "+strconv.Itoa(mostPages)+" were read."
	}
	return v, nil
}

func isEmpty(list []byte) bool {
	var all []json.RawMessage
	return json.Unmarshal(list, &all) == nil && len(all) == 0
}

// identityOf is what a page of a list has in it: the ids where all have one, since other fields may change from one answer to the next.
func identityOf(page []byte) string {
	var all []struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(page, &all) != nil || len(all) == 0 {
		return string(page)
	}
	var ids strings.Builder
	for _, each := range all {
		if len(each.ID) == 0 {
			return string(page)
		}
		ids.Write(append(each.ID, ' '))
	}
	return ids.String()
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
