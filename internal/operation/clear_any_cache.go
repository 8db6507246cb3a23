package operation

import (
	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

var clearAnyCache = Operation{
	Name: "clear-any-cache", Group: "Any cache", Title: "Clear any cache", Effect: Change, Purges: true,
	Sentence: "Clears everything that each site's cache plugins store: " + cacheplugin.Names(cacheplugin.All()) +
		". Drover detects which are active and skips sites without any. Expect more load on the sites for a while.",
	plan: func(map[string]string, validation.Problems) Plan {
		return Plan{Title: "Clear any cache", Effect: Change, Idempotent: true, Purges: true, Request: firstStep, Steps: cacheSteps}
	},
}

// cacheSteps clear all caches of a site, what others are filled from first. Where its plugins are not known, the step asks for them.
func cacheSteps(s Site) []Step {
	active, known := cacheplugin.FromStored(s.CachePlugins)
	if !known {
		return []Step{{Request: wordpress.NamespacesRequest()}}
	}
	var steps []Step
	for _, p := range active {
		steps = append(steps, Step{Plugin: p.Name, Request: wordpress.PluginRequest(p.Clear)})
	}
	return steps
}

// firstStep is what a site is sent first. A site without a known plugin stays in the run, which tells that it was skipped.
func firstStep(s Site) (wordpress.Request, bool) {
	if steps := cacheSteps(s); len(steps) > 0 {
		return steps[0].Request, true
	}
	return wordpress.Request{}, true
}
