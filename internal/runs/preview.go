package runs

import (
	"context"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// Preview is what a run would do: the page before the button. Nothing is sent or stored to make it.
type Preview struct {
	Title    string
	Effect   operation.Effect
	Total    int
	Clients  int
	Requests []Request
	LeftOut  []sites.Site // chosen, but the operation has nothing to do on them
	Warnings []string
	Digest   string        // identifies what is shown here, for Person.Shown
	Confirm  bool          // a person types the number of sites
	Expected time.Duration // judging by the operation's last runs, 0 when there was none
}

// Request is exactly what would be sent to one site, without the credential.
type Request struct {
	SiteID  int64
	Name    string
	Home    string
	Method  string
	URL     string
	Body    string
	Warning string // what the last check makes one expect, empty when nothing
	Expect  string // the kind of that: broken, skipped or unknown
}

// Preview resolves the spec as Start would. It returns validation.Problems when the spec cannot be run.
func (r *Runner) Preview(ctx context.Context, actor access.Actor, spec Spec) (Preview, error) {
	proposed, err := r.propose(ctx, actor, spec)
	if err != nil {
		return Preview{}, err
	}
	p, err := r.previewed(ctx, spec, proposed)
	if err == nil && proposed.needsApproval {
		p.Warnings = append(p.Warnings, "A second person must approve this run. Nothing is sent until then.")
	}
	return p, err
}

func (r *Runner) previewed(ctx context.Context, spec Spec, proposed proposal) (Preview, error) {
	made, chosen := proposed.plan, proposed.sites
	above, err := r.ConfirmAbove(ctx)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Title: made.Title, Effect: made.Effect, Total: len(chosen), LeftOut: proposed.leftOut, Digest: proposed.digest(spec)}
	p.Confirm = grave(p.Effect, p.Total, above)
	clients := map[string]bool{}
	for _, s := range chosen {
		clients[s.Client] = true
		for i, request := range requests(made, s) {
			shown, err := r.shown(s, made, request)
			if err != nil {
				return Preview{}, err
			}
			if i > 0 {
				shown.Warning = "" // the site's first request says it
			}
			p.Requests = append(p.Requests, shown)
		}
	}
	delete(clients, "")
	p.Clients = len(clients)
	p.Warnings = append(warnings(chosen, spec), unproven(chosen, spec, made)...)
	if made.Lowered() {
		p.Warnings = append(p.Warnings, "You marked this request as doing less than its route and method suggest. The required role, confirmation and "+
			"approval stay the same.")
	}
	p.Expected, err = r.expected(ctx, spec.Operation, chosen)
	return p, err
}

// requests are what the site will be sent, the one that decides what comes next alone where that is not known.
func requests(made operation.Plan, s sites.Site) []wordpress.Request {
	if made.Steps == nil {
		request, _ := made.Request(s.Planned())
		return []wordpress.Request{request}
	}
	var all []wordpress.Request
	for _, step := range made.Steps(s.Planned()) {
		all = append(all, step.Request)
	}
	if len(all) == 0 {
		return []wordpress.Request{{}}
	}
	return all
}

// shown is a request without its secrets. One without a method is not sent.
func (r *Runner) shown(s sites.Site, made operation.Plan, request wordpress.Request) (Request, error) {
	shown := Request{SiteID: s.ID, Name: s.Name, Home: s.Home, Method: request.Method}
	shown.Expect, shown.Warning = expected(s, made)
	if request.Method == "" {
		return shown, nil
	}
	clean := func(text string) string {
		return endpoint.Scrub(endpoint.Redact(text).Text, made.SecretsOf(s.Planned()))
	}
	address, err := r.registry.URL(s, request)
	if err != nil {
		return Request{}, validation.Problems{"path": err.Error()}
	}
	shown.URL, shown.Body = clean(address), clean(string(request.Body))
	return shown, nil
}

// expected tells what the last check of the site makes one expect of the run, and of which kind that is.
func expected(s sites.Site, made operation.Plan) (kind, sentence string) {
	ofPlugin := made.Plugin == cacheplugin.BigScoots.Slug
	active, known := cacheplugin.FromStored(s.CachePlugins)
	switch {
	case s.State == sites.Broken:
		return "broken", "Its last check failed: " + s.Finding
	case ofPlugin && s.HasPlugin == "no":
		return "no_plugin", "Expected to be skipped: " + cacheplugin.BigScoots.Name + " was not active at the last check."
	case ofPlugin && s.Environment == "Staging":
		return "staging", "Expected to be skipped: clearing the cache does not apply to a staging site."
	case made.Steps != nil && !known:
		return "unknown_plugins", "The active cache plugins are not known yet. Drover detects them first, then clears their caches."
	case made.Steps != nil && len(active) == 0:
		return "no_cache_plugin", "Expected to be skipped: no supported cache plugin was active at the last check. Nothing is sent."
	}
	return "", ""
}

// crowded is how many sites on one server are worth a warning.
const crowded = 10

func warnings(chosen []sites.Site, spec Spec) []string {
	var all []string
	administrators, largest := 0, 0
	servers := map[string]int{}
	for _, s := range chosen {
		if s.Credential.Administrator {
			administrators++
		}
		if s.Address != "" {
			servers[s.Address]++
			largest = max(largest, servers[s.Address])
		}
	}
	if administrators > 0 {
		subject := "1 site uses"
		if administrators > 1 {
			subject = fmt.Sprintf("%d sites use", administrators)
		}
		all = append(all, subject+" an administrator's credential. A user with a lower role is enough if the site's cache plugin lets that role purge, as "+
			"BigScoots Cache can.")
	}
	if spec.Operation == "clear-any-cache" || spec.Operation == "clear-cache" && (spec.Params["purge_type"] == "" || spec.Params["purge_type"] == "all") {
		all = append(all, "Clearing everything also flushes OPcache and the object cache. Expect more load on each server for a few minutes.")
	}
	if largest >= crowded {
		all = append(all, fmt.Sprintf("Up to %d of the sites share one server, so their requests are queued there.", largest))
	}
	return all
}

// unproven warns of plugins whose answers prove nothing, where the run is not to look at pages.
func unproven(chosen []sites.Site, spec Spec, made operation.Plan) []string {
	if made.Steps == nil || spec.Verify {
		return nil
	}
	count, name := 0, ""
	for _, s := range chosen {
		active, _ := cacheplugin.FromStored(s.CachePlugins)
		for _, p := range active {
			if p.SameAnswer {
				count, name = count+1, p.Name
			}
		}
	}
	if count == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s returns the same response whether or not it cleared anything, so the outcome on %d of the sites will be unknown. Turn on "+
		"verification to check their pages.", name, count)}
}

// expected is how long the run should take: limited by all slots together, or by the server with the most sites.
func (r *Runner) expected(ctx context.Context, operation string, chosen []sites.Site) (time.Duration, error) {
	took, err := r.store.usualTook(ctx, operation)
	if err != nil || took == 0 {
		return 0, err
	}
	total, perAddress := r.registry.Limits()
	servers, largest := map[string]int{}, 0
	for _, s := range chosen {
		if s.Address != "" {
			servers[s.Address]++
			largest = max(largest, servers[s.Address])
		}
	}
	return max(took, took*time.Duration(len(chosen))/time.Duration(total), took*time.Duration(largest)/time.Duration(perAddress)), nil
}

// PreviewOf is what a run that waits for approval would do: the dry run that the second person sees.
func (r *Runner) PreviewOf(ctx context.Context, actor access.Actor, run Run) (Preview, error) {
	spec, err := r.store.opened(run)
	if err != nil {
		return Preview{}, err
	}
	made, err := r.plan(ctx, spec)
	if err != nil {
		return Preview{}, err
	}
	ids, err := r.store.sitesOf(ctx, run.ID, Which{})
	if err != nil {
		return Preview{}, err
	}
	proposed, err := r.resolve(ctx, actor, sites.Selection{IDs: ids}, made)
	if err != nil {
		return Preview{}, err
	}
	return r.previewed(ctx, spec, proposed)
}
