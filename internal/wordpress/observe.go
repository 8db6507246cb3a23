package wordpress

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// Observation is what one exchange of a run tells of the site itself, beside its own outcome.
type Observation struct {
	At       time.Time // when the request was sent
	Step     string    // how far through a check it came; empty: that cannot be told
	Failed   bool      // at that step
	Reason   Reason    // of the failure
	Note     string
	SignedIn bool // WordPress accepted the credential
	Plugins  []PluginSeen
}

// PluginSeen is what an exchange tells of a cache plugin.
type PluginSeen struct {
	Slug   string
	Gone   bool              // it is not active
	Values map[string]string // by the plugin's own names, as they can be shown
}

// blameless are the reasons for which nothing need be wrong with the site itself.
var blameless = []Reason{ReasonInvalidInput, ReasonRefused, ReasonCancelled, ReasonRateLimited, ReasonTooLarge, ReasonNotApplicable, ReasonNoRoute,
	ReasonForbidden}

// BlamesSite tells whether the failure may be the site's own, so that a check of it would tell more.
func (v Verdict) BlamesSite() bool {
	return (v.Outcome == Failed || v.Outcome == Unknown) && v.Reason != "" && !slices.Contains(blameless, v.Reason)
}

// Empty tells whether the exchange says nothing of the site.
func (o Observation) Empty() bool { return o.Step == "" && len(o.Plugins) == 0 }

// failedAt is the step at which a check would fail for the reason. What passes by itself, such as a timeout, says nothing of the site.
var failedAt = map[Reason]string{
	ReasonUnreachable: StepHomePage, ReasonTLS: StepHomePage, ReasonAddressRefused: StepHomePage,
	ReasonRedirected: StepRoot, ReasonOtherSite: StepRoot, ReasonSuspended: StepRoot, ReasonProtected: StepRoot,
	ReasonBadCredential: StepCredential, ReasonNotAuthenticated: StepCredential,
}

// Observe tells what the exchange and its verdict say of the site itself. It depends on nothing else.
func Observe(x Exchange, v Verdict) Observation {
	o := Observation{At: x.Started}
	if step, is := failedAt[v.Reason]; is && v.Outcome == Failed {
		o.Step, o.Failed, o.Reason, o.Note = step, true, v.Reason, v.Note
		return o
	}
	done := v.Outcome == OK || v.Outcome == Partial
	found, is := findJSON(x.Body)
	if x.Fault != nil || !is || !done && v.Code == "" {
		return o
	}
	o.Step = StepRoot
	o.Plugins = pluginsIn(x, v, found.value, done)
	if signedIn(x, v, done) {
		o.Step, o.SignedIn = StepCredential, true
	}
	return o
}

// pluginsIn reads what an answer of a cache plugin, or the list of plugins, tells.
func pluginsIn(x Exchange, v Verdict, answer json.RawMessage, done bool) []PluginSeen {
	p, values := cacheplugin.TellsOf(x.Method, x.URL, x.RequestBody, answer, done, v.Code)
	switch {
	case len(values) > 0:
		return []PluginSeen{{Slug: p.Slug, Values: shownValues(values)}}
	case p.Status != nil && v.Code == "rest_no_route" && x.Method == http.MethodGet && strings.Contains(routeOf(x.URL), p.Status.Request.Path):
		return []PluginSeen{{Slug: p.Slug, Gone: true}} // its status takes this method: the plugin itself is not there
	case done && strings.Contains(routeOf(x.URL), "/wp/v2/plugins"):
		return pluginsListed(answer)
	}
	return nil
}

func routeOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if route := u.Query().Get("rest_route"); route != "" {
		return strings.ToLower(route)
	}
	return strings.ToLower(u.Path)
}

// pluginsListed reads WordPress's own list of plugins, or one of them, as after it was activated, deactivated or deleted.
func pluginsListed(answer json.RawMessage) (seen []PluginSeen) {
	entries := readList(answer)
	if one, _ := readObject(answer); one["plugin"] != nil || one["deleted"] != nil {
		entries = []json.RawMessage{answer}
	}
	for _, entry := range entries {
		fields, _ := readObject(entry)
		deleted := readYes(fields["deleted"])
		if deleted {
			fields, _ = readObject(fields["previous"])
		}
		p, is := cacheplugin.OfFolder(readText(fields["plugin"]))
		status := readText(fields["status"])
		switch {
		case !is:
		case deleted, status == "inactive":
			seen = append(seen, PluginSeen{Slug: p.Slug, Gone: true})
		case status == "active" || status == "network-active":
			one := PluginSeen{Slug: p.Slug}
			if version := readText(fields["version"]); version != "" {
				one.Values = shownValues(map[string]string{p.Versioned: version})
			}
			seen = append(seen, one)
		}
	}
	return seen
}

// signedIn tells whether the answer proves that WordPress accepted the credential. An answer that everybody gets proves nothing.
func signedIn(x Exchange, v Verdict, done bool) bool {
	route := routeOf(x.URL)
	_, plugin := cacheplugin.OfURL(x.URL)
	core := strings.Contains(route, "/wp/v2/") || strings.Contains(route, "/wp-abilities/")
	asks := reads(x.Method)
	switch {
	case v.Reason == ReasonForbidden && v.Status == http.StatusForbidden:
		return true
	case !done:
		return plugin && !asks && (v.Reason == ReasonNotApplicable || v.Reason == ReasonInvalidInput)
	case !asks:
		return plugin || core
	}
	u, err := url.Parse(x.URL)
	return err == nil && (core && u.Query().Get("context") == "edit" ||
		slices.ContainsFunc([]string{"/wp/v2/plugins", "/wp/v2/users/me", "/wp/v2/settings"}, func(closed string) bool { return strings.Contains(route, closed) }))
}

// With is the report once the observation is known: a page that shows both never contradicts itself. Active are the site's cache plugins.
func (r Report) With(o Observation, host string, active []cacheplugin.Plugin) Report {
	r.Steps = slices.Clone(r.Steps)
	for _, name := range checkSteps[len(r.Steps):] {
		r.Steps = append(r.Steps, CheckStep{Name: name, State: CheckNotTried})
	}
	at := slices.Index(checkSteps, o.Step)
	for i := range r.Steps {
		step := &r.Steps[i]
		switch {
		case i < at || i == at && !o.Failed:
			if step.State == CheckFailed || step.State == CheckNotTried && (o.SignedIn || step.Name != StepApplicationPasswords) {
				*step = CheckStep{Name: step.Name, State: CheckOK, Finding: reached(step.Name, host)}
			}
		case i == at:
			*step = CheckStep{Name: step.Name, State: CheckFailed, Finding: observed(o, host), Fix: toDo(o.Reason)}
		case o.Failed:
			*step = CheckStep{Name: step.Name, State: CheckNotTried}
		}
	}
	for _, seen := range o.Plugins {
		r.see(seen, host, active)
	}
	r.Warning = ""
	if step, warns := r.first(CheckWarning); warns {
		r.Warning = step.Finding
	}
	return r
}

func observed(o Observation, host string) string {
	finding := host + ": " + findingOf(o.Reason)
	if note := certain(o.Note); note != "" {
		finding += " " + note
	}
	return finding
}

func reached(step, host string) string {
	switch step {
	case StepHomePage:
		return host + " responds."
	case StepRoot:
		return "The REST API responds."
	case StepApplicationPasswords:
		return "Application passwords are available."
	}
	return "WordPress accepted the credential."
}

// see changes the last two steps, and the plugin's status, as an answer tells it. The plugin in front of all others decides what visitors
// see, so the status of another says nothing.
func (r *Report) see(seen PluginSeen, host string, active []cacheplugin.Plugin) {
	p, is := cacheplugin.OfFolder(seen.Slug)
	if !is || len(active) > 0 && active[len(active)-1].Slug != p.Slug {
		return
	}
	there, status := r.step(StepNamespaces), r.step(StepStatus)
	if seen.Gone {
		r.Plugin = nil
		*there = CheckStep{Name: StepNamespaces, State: CheckWarning, Finding: p.Name + " is not active on " + host + ".",
			Fix: "Activate the plugin there, or leave the site out of cache operations. Everything else works."}
		*status = CheckStep{Name: StepStatus, State: CheckNotTried}
		return
	}
	if there.State == CheckNotTried || strings.HasPrefix(there.Finding, p.Name+" is not active") {
		*there = CheckStep{Name: StepNamespaces, State: CheckOK, Finding: p.Name + " responds."}
	}
	if len(seen.Values) == 0 {
		return
	}
	values := map[string]string{}
	if r.Plugin != nil {
		maps.Copy(values, r.Plugin.Data)
	}
	maps.Copy(values, seen.Values)
	s, finding, toDo := p.Read(values, host)
	r.Plugin = &s
	if s.Cache == "" && s.SetupMode != "Misconfigured" {
		return // a version alone says nothing of the cache
	}
	*status = CheckStep{Name: StepStatus, State: CheckOK, Finding: finding}
	if toDo != "" {
		status.State, status.Fix = CheckWarning, toDo
	}
}

func (r *Report) step(name string) *CheckStep {
	return &r.Steps[slices.IndexFunc(r.Steps, func(step CheckStep) bool { return step.Name == name })]
}
