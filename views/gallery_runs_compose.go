package views

import (
	"fmt"
	"time"
)

// composeGallery is every state of the form that a run is put together with.
func composeGallery() []GalleryPage {
	var all []GalleryPage
	for _, s := range []struct {
		state string
		page  ComposePage
	}{
		{"nothing chosen", galleryCompose("operator")}, {"ready to run", galleryComposed()}, {"5,000 sites, destroys", galleryDestroy()},
		{"problems", galleryComposeProblems()}, {"selected individually, long names", galleryComposeIndividualSites()},
		{"no site", ComposePage{Frame: galleryFrame("Run", "run", "admin")}},
	} {
		all = append(all, GalleryPage{Name: "compose", State: s.state, Component: Compose(s.page)})
	}
	return all
}

func galleryOperations(role string) []ComposeOperation {
	const of = "BigScoots Cache"
	return []ComposeOperation{
		{Name: "clear-cache", Group: of, Title: "Clear cache", Effect: "change", Endpoint: "PATCH /bigscoots-cache/v2/clear-cache", Allowed: role != "viewer",
			Sentence: "Purges pages from the CDN and the page cache. Clearing everything also flushes OPcache and the object cache, so expect more load on the sites " +
				"for a while.",
			Params: []ComposeParam{
				{Name: "purge_type", Label: "What to clear", Kind: "choice", Default: "all",
					Choices: []Option{{"all", "Everything"}, {"post_ids", "Some posts"}, {"urls", "Some URLs"}}},
				{Name: "post_ids", Label: "Post IDs", Kind: "integers", When: "purge_type=post_ids",
					Help: "Whole numbers, such as 1, 17. The same ID is a different post on each site."},
				{Name: "purge_related_urls", Label: "Also their archives, categories and feeds", Kind: "flag", When: "purge_type=post_ids"},
				{Name: "urls", Label: "URLs", Kind: "urls", When: "purge_type=urls",
					Help: "One per line. https://acme.example/page/ goes to the site it belongs to; /page/ goes to every selected site."},
			}},
		{Name: "clear-opcache", Group: of, Title: "Clear OPcache", Effect: "change", Endpoint: "DELETE /bigscoots-cache/v2/clear-opcache",
			Sentence: "Makes PHP recompile its files. Pages stay cached.", Allowed: role != "viewer"},
		{Name: "disable-cache", Group: of, Title: "Disable cache", Effect: "destroy", Endpoint: "PATCH /bigscoots-cache/v2/disable-cache", Allowed: role == "admin",
			Sentence: "Purges the whole domain, then turns caching off. Every request goes to the server until you enable the cache again."},
		{Name: "clear-any-cache", Group: "Any cache", Title: "Clear any cache", Effect: "change", Purges: true, Allowed: role != "viewer",
			Sentence: "Clears everything that each site's cache plugins store. Drover detects which are active and skips sites without any."},
		{Name: "status", Group: of, Title: "Status", Effect: "read", Endpoint: "GET /bigscoots-cache/v2/status",
			Sentence: "Reads the plugin version, cache state, mode and environment. Changes nothing.", Allowed: true},
		{Name: "request", Group: "Any endpoint", Title: "Any endpoint", Effect: "read",
			Sentence: "Sends a custom request to each site's REST API. Its route and method determine its effect.", Allowed: true,
			Params: []ComposeParam{
				{Name: "method", Label: "Method", Kind: "choice", Default: "GET",
					Choices: []Option{{"GET", "GET"}, {"POST", "POST"}, {"PUT", "PUT"}, {"PATCH", "PATCH"}, {"DELETE", "DELETE"}}},
				{Name: "path", Label: "Path", Kind: "text", Help: "Below the REST root, such as /wp/v2/plugins?status=active"},
				{Name: "body", Label: "Body", Kind: "json", When: "method=POST|PUT|PATCH|DELETE", Help: "JSON, or empty."},
			}},
	}
}

func galleryCompose(role string) ComposePage {
	p := ComposePage{Frame: galleryFrame("Run", "run", role), Operations: galleryOperations(role), Concurrency: 256, DefaultAtOncePerServer: 2}
	p.Selection.Total = 5000
	for i := range 14 {
		p.Selection.Clients = append(p.Selection.Clients, ComposeChoice{Value: fmt.Sprintf("%s %d", galleryNames(i), i+1), Count: 5000 / (i + 2)})
	}
	for i, tag := range []string{"shop", "staging", "woocommerce", hebrewName, "vip"} {
		p.Selection.Tags = append(p.Selection.Tags, ComposeChoice{Value: tag, Count: 900 / (i + 1)})
	}
	return p
}

func galleryPreview(title, effect string, total int) RunPreview {
	p := RunPreview{Title: title, Effect: effect, Total: total, Clients: 9, Expected: 40 * time.Second,
		Warnings: []string{"12 sites use an administrator's credential. A user whose role can purge is enough.",
			"Clearing everything also flushes OPcache and the object cache. Expect more load on each server for a few minutes."}}
	for i := range total {
		r := PreviewRequest{Site: galleryNames(i), Home: fmt.Sprintf("https://site-%d.example", i+1), Method: "PATCH", Body: `{"purge_type":"all"}`}
		r.URL = r.Home + "/wp-json/bigscoots-cache/v2/clear-cache"
		if i%40 == 7 {
			r.Warning = "Expected to be skipped: BigScoots Cache was not active at the last check."
		}
		p.Requests = append(p.Requests, r)
	}
	return p
}

func galleryComposed() ComposePage {
	p := galleryCompose("operator")
	p.Chosen, p.Typed = "clear-cache", map[string]string{"purge_type": "all"}
	p.Selection.Clients[0].Chosen, p.Selection.Clients[3].Chosen = true, true
	p.Preview = galleryPreview("Clear the whole cache", "change", 412)
	p.Preview.LeftOut = []PreviewSite{{Name: longName}, {Name: hebrewName}, {Name: "Café Zürich"}}
	return p
}

func galleryDestroy() ComposePage {
	p := galleryCompose("admin")
	p.Chosen, p.Selection.All = "disable-cache", true
	p.Preview = galleryPreview("Disable cache", "destroy", 5000)
	p.Preview.Grave, p.Preview.Confirm = true, "412"
	p.Problems = map[string]string{"confirm": "This can't be undone automatically. Type the number of sites, 5,000, to confirm."}
	p.Preview.Problems = p.Problems
	return p
}

func galleryComposeProblems() ComposePage {
	p := galleryCompose("operator")
	p.Chosen, p.Typed = "clear-cache", map[string]string{"purge_type": "post_ids", "post_ids": "1, seventeen", "purge_related_urls": "true"}
	p.Problems = map[string]string{"post_ids": `"seventeen" is not a post ID. Enter whole numbers, such as 1, 17.`,
		"selection": "No sites are selected. Choose sites, a client, a tag, or all sites."}
	p.Preview.Problems = p.Problems
	return p
}

func galleryComposeIndividualSites() ComposePage {
	p := galleryCompose("operator")
	p.Chosen, p.Typed = "request", map[string]string{"method": "POST", "path": "/wp/v2/" + longName, "body": `{"title":"` + hebrewName + `"}`}
	for i := range 62 {
		p.Selection.Sites = append(p.Selection.Sites, ComposeSite{ID: int64(i + 1), Name: galleryNames(i), Host: fmt.Sprintf("site-%d.example", i+1)})
	}
	p.Preview = galleryPreview("POST /wp/v2/"+longName, "change", 62)
	return p
}
