package wordpress

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// MainWP is what a MainWP dashboard lists: a WordPress site with a plugin that manages others. It needs WordPress 6.9 and its abilities.
type MainWP struct {
	Sites   []MainWPSite
	Missing []string // what could not be read, for a person; empty where all was
}

// MainWPSite is one of the dashboard's sites, in the dashboard's words.
type MainWPSite struct {
	URL, Name, Client string
	Tags              []string
}

// mainwpBounds bound a listing: sites, tags that are asked for one by one, requests in all, and bytes in all.
type mainwpBounds struct{ sites, tags, requests, bytes int }

// usualMainWP are the bounds of every dashboard.
var usualMainWP = mainwpBounds{sites: 20_000, tags: 200, requests: 1000, bytes: 64 << 20}

const (
	mainwpPerPage = 100
	longestListed = 1 << 20 // bytes of one page
)

// mainwpReader reads the lists of a dashboard.
type mainwpReader struct {
	*Client
	bounds      mainwpBounds
	asked, read int
}

// MainWP lists the dashboard's sites with their clients and tags. The verdict is that of the sites: where clients or tags cannot be read, the sites
// come without them, and Missing says so.
func (c *Client) MainWP(ctx context.Context) (MainWP, Verdict) { return c.mainwp(ctx, usualMainWP) }

func (c *Client) mainwp(ctx context.Context, bounds mainwpBounds) (MainWP, Verdict) {
	r := &mainwpReader{Client: c, bounds: bounds}
	items, v := r.list(ctx, "list-sites-v1", "", bounds.sites)
	if v.Outcome != OK {
		return MainWP{}, mainwpVerdict(v)
	}
	listed := MainWP{}
	if v.Note != "" {
		listed.Missing = append(listed.Missing, v.Note)
	}
	clients := r.clients(ctx, &listed)
	tags := r.tags(ctx, &listed)
	for _, item := range items {
		site := MainWPSite{URL: printable(readText(item["url"]), 500), Name: plain(printable(readText(item["name"]), 500)),
			Client: clients[readText(item["client_id"])], Tags: tags[readText(item["id"])]}
		if site.URL != "" {
			listed.Sites = append(listed.Sites, site)
		}
	}
	return listed, v
}

// mainwpVerdict tells what a dashboard refuses from a site that is none.
func mainwpVerdict(v Verdict) Verdict {
	switch {
	case v.Code == "rest_ability_not_found", v.Reason == ReasonNoRoute:
		return Verdict{Outcome: Failed, Reason: ReasonNoRoute, Status: v.Status, Code: v.Code,
			Note: "No MainWP dashboard that lists its sites was found. It needs WordPress 6.9 and a current MainWP Dashboard plugin."}
	case v.Status == http.StatusForbidden:
		return Verdict{Outcome: Failed, Reason: ReasonForbidden, Status: v.Status, Code: v.Code, Note: "This user cannot list the dashboard's sites."}
	}
	return v
}

func (r *mainwpReader) clients(ctx context.Context, listed *MainWP) map[string]string {
	items, v := r.list(ctx, "list-clients-v1", "", r.bounds.sites)
	if v.Outcome != OK || v.Note != "" {
		listed.Missing = append(listed.Missing, "Not all clients could be read.")
	}
	names := map[string]string{}
	for _, item := range items {
		names[readText(item["id"])] = plain(printable(readText(item["name"]), 500))
	}
	return names
}

// tags are the names of the tags by the sites that have them. A dashboard that does not say which sites have a tag is asked for them.
func (r *mainwpReader) tags(ctx context.Context, listed *MainWP) map[string][]string {
	items, v := r.list(ctx, "list-tags-v1", "", r.bounds.tags)
	complete, tags := v.Outcome == OK && v.Note == "", map[string][]string{}
	for _, item := range items {
		name := plain(printable(readText(item["name"]), 200))
		ids, named := item["sites_ids"]
		var of []string
		if named {
			for _, id := range readList(ids) {
				of = append(of, readText(id))
			}
		} else {
			tagged, v := r.list(ctx, "list-sites-v1", "&input[tag_id]="+number(readText(item["id"])), r.bounds.sites)
			complete = complete && v.Outcome == OK && v.Note == ""
			for _, site := range tagged {
				of = append(of, readText(site["id"]))
			}
		}
		for _, id := range of {
			if name != "" && !slices.Contains(tags[id], name) {
				tags[id] = append(tags[id], name)
			}
		}
	}
	if !complete {
		listed.Missing = append(listed.Missing, "Not all tags could be read.")
	}
	return tags
}

// number keeps a foreign text out of an address.
func number(text string) string {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return "0"
	}
	return strconv.FormatInt(n, 10)
}

// list reads the pages of a list. The verdict's note says where it is not complete.
func (r *mainwpReader) list(ctx context.Context, ability, filter string, most int) (items []map[string]json.RawMessage, v Verdict) {
	seen := map[string]bool{}
	for page := 1; ; page++ {
		if r.asked++; r.asked > r.bounds.requests || r.read > r.bounds.bytes {
			return items, Verdict{Outcome: OK, Note: fmt.Sprintf("The list takes more than %d requests or %d MB and was cut off there.", r.bounds.requests,
				r.bounds.bytes>>20)}
		}
		path := fmt.Sprintf("/wp-abilities/v1/abilities/mainwp/%s/run?input[page]=%d&input[per_page]=%d%s", ability, page, mainwpPerPage, filter)
		x := r.Do(ctx, Request{Method: http.MethodGet, Path: path, MaxBody: longestListed})
		v, r.read = Classify(x), r.read+len(x.Body)
		fields, listed := mainwpPage(x, v)
		if !listed && page > 1 {
			return items, Verdict{Outcome: OK, Status: v.Status, Note: "Some pages of the list could not be read. List them again to get the rest."}
		}
		if !listed {
			if v.Outcome == OK {
				v = unclear(x, "The response is not a MainWP list.")
			}
			return nil, v
		}
		found, before := readList(fields["items"]), len(items)
		for _, raw := range found {
			item, _ := readObject(raw)
			if id := readText(item["id"]); id != "" && !seen[id] {
				seen[id] = true
				items = append(items, item)
			}
		}
		total, _ := strconv.Atoi(readText(fields["total"]))
		switch {
		case len(items) > most, len(items) == most && total > most:
			return items[:most], Verdict{Outcome: OK, Status: v.Status, Note: fmt.Sprintf("The list is longer than %d entries and was cut off there.", most)}
		case len(found) == 0, len(items) == before, total > 0 && len(items) >= total, total == 0 && len(found) < mainwpPerPage:
			return items, Verdict{Outcome: OK, Status: v.Status}
		}
	}
}

func mainwpPage(x Exchange, v Verdict) (map[string]json.RawMessage, bool) {
	if v.Outcome != OK {
		return nil, false
	}
	found, _ := findJSON(x.Body)
	fields, _ := readObject(found.value)
	_, listed := fields["items"]
	return fields, listed
}
