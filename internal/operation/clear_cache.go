package operation

import (
	"encoding/json"
	"net/http"

	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

func planClearCache(params map[string]string, p validation.Problems) Plan {
	made := Plan{Title: "Clear the whole cache", Effect: Change, Idempotent: true, Purges: true, Endpoint: "PATCH " + BigScoots + "clear-cache"}
	switch params["purge_type"] {
	case "post_ids":
		planPostIDs(&made, params, p)
		return made
	case "urls":
		urls := splitURLs(params["urls"], p)
		made.Title = "Clear the cache of " + plural(len(urls), "address", "addresses")
		var homes []string
		made.Among = func(all []string) { homes = all }
		made.Request = func(s Site) (wordpress.Request, bool) {
			own := urlsOfSite(s, homes, urls)
			return clearCache(map[string]any{"purge_type": "urls", "urls": own}), len(own) > 0
		}
		made.Strays = func(chosen []Site) validation.Problems {
			return problemOf("urls", "These belong to none of the selected sites (http or https and www matter): ", unroutedURLs(urls, chosen))
		}
		return made
	}
	made.Request = toEvery(clearCache(map[string]any{"purge_type": "all"}))
	return made
}

func planPostIDs(made *Plan, params map[string]string, p validation.Problems) {
	which := readPostIDs(params["post_ids"], p)
	related := flag("purge_related_urls", params["purge_related_urls"], p)
	made.Title = "Clear the cache of " + which.title()
	if related {
		made.Title += " and related pages"
	}
	made.Strays = which.strays
	made.Request = func(s Site) (wordpress.Request, bool) {
		body := map[string]any{"purge_type": "post_ids", "post_ids": which.of(s.Home)}
		if related {
			body["purge_related_urls"] = true
		}
		return clearCache(body), len(which.of(s.Home)) > 0
	}
}

func clearCache(body map[string]any) wordpress.Request {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings, integers and booleans always have a JSON form
	}
	return wordpress.Request{Method: http.MethodPatch, Path: BigScoots + "clear-cache", Body: text, Timeout: writeTimeout}
}
