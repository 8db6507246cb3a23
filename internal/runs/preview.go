package runs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
)

// Preview is what a run would do: the page before the button. Nothing is sent or stored to make it.
type Preview struct {
	Title    string
	Effect   Effect
	Total    int
	Clients  int
	Requests []Request
	LeftOut  []sites.Site // chosen, but the operation has nothing to do on them
	Warnings []string
	chosen   []sites.Site
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
}

// Preview resolves the spec as Start would. It returns sites.Problems when the spec cannot be run.
func (r *Runner) Preview(ctx context.Context, actor access.Actor, spec Spec) (Preview, error) {
	made, err := planOf(spec)
	if err != nil {
		return Preview{}, err
	}
	policy, err := r.admit(ctx, actor, spec, made)
	if err != nil {
		return Preview{}, err
	}
	p, err := r.previewed(ctx, actor, spec, made)
	if err == nil && policy.holds(actor, made.effect, p.chosen) {
		p.Warnings = append(p.Warnings, "A second person must approve this run. Nothing is sent until then.")
	}
	return p, err
}

func (r *Runner) previewed(ctx context.Context, actor access.Actor, spec Spec, made plan) (Preview, error) {
	chosen, err := r.choose(ctx, actor, spec, made)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Title: made.title, Effect: made.effect, Total: len(chosen.sites), LeftOut: chosen.leftOut, chosen: chosen.sites}
	clients := map[string]bool{}
	for _, s := range chosen.sites {
		clients[s.Client] = true
		request, _ := made.request(s)
		address, err := r.registry.URL(s, request)
		if err != nil {
			return Preview{}, sites.Problems{"path": err.Error()}
		}
		p.Requests = append(p.Requests, Request{
			SiteID: s.ID, Name: s.Name, Home: s.Home, Method: request.Method, URL: address, Body: string(request.Body), Warning: expected(s, made),
		})
	}
	delete(clients, "")
	p.Clients = len(clients)
	p.Warnings = warnings(chosen.sites, spec)
	p.Expected, err = r.expected(ctx, spec.Operation, chosen.sites)
	return p, err
}

// expected tells what the last check of the site makes one expect of the run.
func expected(s sites.Site, made plan) string {
	ofPlugin := strings.Contains(made.endpoint, bigscoots)
	switch {
	case s.State == sites.Broken:
		return "Its last check failed: " + s.Finding
	case ofPlugin && s.HasPlugin == "no":
		return "Expected to be skipped: BigScoots Cache was not active at the last check."
	case ofPlugin && s.Environment == "Staging":
		return "Expected to be skipped: clearing the cache does not apply to a staging site."
	}
	return ""
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
		all = append(all, fmt.Sprintf("%s an administrator's credential. A user whose role can purge is enough.", plural(administrators, "site uses", "sites use")))
	}
	if spec.Operation == "clear-cache" && (spec.Params["purge_type"] == "" || spec.Params["purge_type"] == "all") {
		all = append(all, "Clearing everything also flushes OPcache and the object cache. Expect more load on each server for a few minutes.")
	}
	if largest >= crowded {
		all = append(all, fmt.Sprintf("Up to %d of the sites share one server and take turns there.", largest))
	}
	return all
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
