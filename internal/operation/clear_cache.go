package operation

import (
	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

func planClearCache(params map[string]string, p validation.Problems) Plan {
	made := Plan{Title: "Clear the whole cache", Effect: Change, Idempotent: true, Purges: true, Endpoint: endpointOf(cacheplugin.BigScoots.Clear),
		Plugin: cacheplugin.BigScoots.Slug}
	switch params["purge_type"] {
	case "post_ids":
		planPostIDs(&made, params, p)
		return made
	case "urls":
		urls := splitURLs(params["urls"], p)
		made.Title = "Clear the cache of " + plural(len(urls), "address", "addresses")
		made.requestAmong = func(s Site, homes []string) (wordpress.Request, bool) {
			own := urlsOfSite(s, homes, urls)
			return wordpress.PluginRequest(cacheplugin.Purge{URLs: own}.Request()), len(own) > 0
		}
		made.Unmatched = func(chosen []Site) validation.Problems {
			return problemOf("urls", "These belong to none of the selected sites (http or https and www matter): ", unroutedURLs(urls, chosen))
		}
		return made
	}
	made.Request = toEvery(wordpress.PluginRequest(cacheplugin.BigScoots.Clear))
	return made
}

func planPostIDs(made *Plan, params map[string]string, p validation.Problems) {
	which := readPostIDs(params["post_ids"], p)
	related := flag("purge_related_urls", params["purge_related_urls"], p)
	made.Title = "Clear the cache of " + which.title()
	if related {
		made.Title += " and related pages"
	}
	made.Unmatched = which.unmatched
	made.Request = func(s Site) (wordpress.Request, bool) {
		posts := which.of(s.Home)
		return wordpress.PluginRequest(cacheplugin.Purge{Posts: posts, Related: related}.Request()), len(posts) > 0
	}
}

func endpointOf(r cacheplugin.Request) string { return r.Method + " " + r.Path }
