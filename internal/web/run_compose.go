package web

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

// compose shows the form of a run, with what its address chooses already.
func (s *Server) compose(v *requestContext) error {
	chosen := v.Request.URL.Query()
	if name := chosen.Get("draft"); name != "" {
		d, err := s.openDraft(v, name)
		if err != nil {
			return err
		}
		d.form.Set("from", d.from)
		problems := refusals(d.form)
		if v.Query("typed") == "" {
			problems = nil
			d.form.Del("confirm") // what was typed confirmed what was shown then
		}
		return s.showCompose(v, d.form, problems)
	}
	if chosen.Get("all") == "1" {
		if err := s.narrowed(v, chosen); err != nil {
			return err
		}
	}
	if err := s.chooseFromAnswers(v, chosen); err != nil {
		return err
	}
	chosen.Del("from")
	return s.showCompose(v, chosen, nil)
}

// narrowed turns "all that match" of the list of sites into the filters that they match, or into the sites where a run knows no such filter.
func (s *Server) narrowed(v *requestContext, chosen url.Values) error {
	if slices.ContainsFunc(listFilters[len(runFilters):], func(name string) bool { return chosen.Get("all."+name) != "" }) {
		query := url.Values{}
		for _, name := range listFilters {
			query.Set(name, chosen.Get("all."+name))
		}
		found, _, err := s.Registry.Sites(v.Request.Context(), v.actor(), siteFilter(query))
		chosen.Del("all")
		chosen.Del("site")
		for _, site := range found {
			chosen.Add("site", strconv.FormatInt(site.ID, 10))
		}
		return err
	}
	byFilters(chosen)
	return nil
}

// byFilters turns "all that match" into the filters that a run knows.
func byFilters(chosen url.Values) {
	for _, name := range runFilters {
		if value := chosen.Get("all." + name); value != "" {
			chosen.Set(name, value)
			chosen.Del("all")
		}
	}
	chosen.Del("site")
}

// withoutCR gives text of several lines one form: browsers end lines of a form with CR LF, whatever they were shown.
var withoutCR = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func (s *Server) preview(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if kind := form.Get("leave"); kind != "" {
		if form, err = s.leftOut(v, form, kind); err != nil {
			return err
		}
	}
	if name := form.Get("example"); name != "" {
		fillExample(form, name)
		return s.toDraft(v, form, "")
	}
	if v.GetHeader("HX-Request") == "" {
		return s.toDraft(v, form, "&requests=1#run-requests")
	}
	live, err := s.livePreview(v, form)
	if err != nil {
		return err
	}
	if live.Draft, err = s.saveDraft(v, form); err != nil {
		return err
	}
	v.Header("HX-Replace-Url", draftPath(live.Draft))
	return v.render(http.StatusOK, views.Preview(live))
}

// livePreview is what the form as it stands would do.
func (s *Server) livePreview(v *requestContext, form url.Values) (views.RunPreview, error) {
	spec := specOf(form)
	shown := views.RunPreview{Confirm: form.Get("confirm"), Draft: form.Get("draft")}
	if spec.Operation == "" {
		return shown, nil
	}
	spec.Person = &runs.Person{}
	p, err := s.Runner.Preview(v.Request.Context(), v.actor(), spec)
	shown = previewView(p)
	shown.Confirm, shown.Draft = form.Get("confirm"), form.Get("draft")
	if problems, is := errors.AsType[validation.Problems](err); is {
		shown.Problems = problems
		return shown, nil
	}
	return shown, err
}

func previewView(p runs.Preview) views.RunPreview {
	shown := views.RunPreview{Digest: p.Digest, Grave: p.Confirm, Title: p.Title, Effect: string(p.Effect), Total: p.Total, Clients: p.Clients,
		Warnings: p.Warnings, Expected: p.Expected}
	for _, r := range p.Requests {
		shown.Requests = append(shown.Requests, views.PreviewRequest{Site: r.Name, Home: r.Home, Method: r.Method, URL: r.URL, Body: r.Body, Warning: r.Warning,
			Expect: r.Expect})
	}
	for _, site := range p.LeftOut {
		shown.LeftOut = append(shown.LeftOut, views.PreviewSite{Name: site.Name, Home: site.Home})
	}
	return shown
}

// leftOut is the form without the sites of which the last check makes one expect the kind of trouble. The sites that stay are then chosen
// one by one.
func (s *Server) leftOut(v *requestContext, form url.Values, kind string) (url.Values, error) {
	p, err := s.Runner.Preview(v.Request.Context(), v.actor(), specOf(form))
	if _, is := errors.AsType[validation.Problems](err); is {
		return form, nil
	}
	if err != nil {
		return nil, err
	}
	form = maps.Clone(form)
	for _, field := range selectionFields {
		form.Del(field)
	}
	form.Del("confirm")
	form.Set("all", "")
	left := map[int64]bool{}
	for _, r := range p.Requests {
		left[r.SiteID] = left[r.SiteID] || r.Expect == kind
	}
	for _, r := range p.Requests {
		if !left[r.SiteID] {
			left[r.SiteID] = true // once
			form.Add("site", strconv.FormatInt(r.SiteID, 10))
		}
	}
	return form, nil
}

// showCompose draws the form as it was filled in. Problems with fields are those of an attempt to start.
func (s *Server) showCompose(v *requestContext, form url.Values, problems validation.Problems) error {
	page := views.ComposePage{Frame: v.frame("Run", "run"), Chosen: form.Get("operation"), Typed: map[string]string{}, Problems: problems}
	page.Concurrency, page.DefaultAtOncePerServer = s.Registry.Limits()
	page.Saved, page.Form, page.Draft, page.From = form.Get("saved"), form.Get("form"), form.Get("draft"), form.Get("from")
	page.Verify, page.AtOnce, page.AtOncePerServer, page.TimeLimit = form.Get("verify") == "1", form.Get("at_once"), form.Get("at_once_per_server"),
		form.Get("time_limit")
	for name := range form {
		if param, is := strings.CutPrefix(name, "p."); is {
			page.Typed[param] = form.Get(name)
		}
	}
	for _, e := range requestExamples {
		page.Examples = append(page.Examples, views.Option{Value: e.name, Label: e.label})
	}
	var err error
	if page.Operations, err = s.offered(v); err != nil {
		return err
	}
	if page.Selection, err = s.selectable(v, form); err != nil {
		return err
	}
	spec := specOf(form)
	page.Preview.Draft = page.Draft
	if !empty(spec.Selection) {
		if page.Preview, err = s.livePreview(v, form); err != nil && !errors.Is(err, access.ErrForbidden) {
			return err
		}
	}
	if page.Preview.Problems == nil {
		page.Preview.Problems = problems
	}
	page.Preview.Open = v.Query("requests") == "1"
	return v.render(http.StatusOK, views.Compose(page))
}

func empty(sel sites.Selection) bool {
	return !sel.All && len(sel.Clients)+len(sel.Tags)+len(sel.IDs)+len(sel.Homes) == 0 && sel.State == "" && sel.Query == ""
}

// offered lists the operations, with whether this member may start them, or ask for them.
func (s *Server) offered(v *requestContext) ([]views.ComposeOperation, error) {
	policy, err := s.Runner.Policy(v.Request.Context())
	if err != nil {
		return nil, err
	}
	var all []views.ComposeOperation
	for _, o := range operation.Builtins() {
		if !runs.Within(v.actor(), o) {
			continue
		}
		offer := views.ComposeOperation{
			Name: o.Name, Group: o.Group, Title: o.Title, Sentence: o.Sentence, Endpoint: o.Endpoint, Effect: string(o.Effect), Purges: o.Purges,
			Allowed: policy.MayStart(v.actor(), o.Effect),
		}
		for _, p := range o.Params {
			param := views.ComposeParam{Name: p.Name, Label: p.Label, Help: p.Help, Kind: string(p.Kind), Default: p.Default, When: p.When}
			for _, c := range p.Choices {
				param.Choices = append(param.Choices, views.Option{Value: c.Value, Label: c.Label})
			}
			offer.Params = append(offer.Params, param)
		}
		all = append(all, offer)
	}
	return all, nil
}

// selectable is what can be chosen, and what is.
func (s *Server) selectable(v *requestContext, form url.Values) (views.ComposeSelection, error) {
	ctx := v.Request.Context()
	shown := views.ComposeSelection{Origin: form.Get("origin"), OriginWords: originOf(form.Get("origin")),
		All: form.Get("all") == "1", Query: form.Get("q"), State: form.Get("state")}
	facets, err := s.Registry.Facets(ctx, v.actor())
	if err != nil {
		return shown, err
	}
	for _, c := range facets.Clients {
		shown.Clients = append(shown.Clients, views.ComposeChoice{Value: c.Value, Count: int(c.Sites), Chosen: slices.Contains(form["client"], c.Value)})
	}
	for _, c := range facets.Tags {
		shown.Tags = append(shown.Tags, views.ComposeChoice{Value: c.Value, Count: int(c.Sites), Chosen: slices.Contains(form["tag"], c.Value)})
	}
	for _, c := range facets.States {
		if c.Value != string(sites.Retired) {
			shown.Total += int(c.Sites)
		}
	}
	single, err := s.Registry.Select(ctx, v.actor(), sites.Selection{IDs: validation.ParseIDs(form["site"])})
	for _, site := range single {
		shown.Sites = append(shown.Sites, views.ComposeSite{ID: site.ID, Name: site.Name, Host: site.Host})
	}
	return shown, err
}

func (s *Server) startRun(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	spec := specOf(form)
	spec.Form = form.Get("form")
	if id, err := strconv.ParseInt(form.Get("saved"), 10, 64); err == nil && spec.Operation == "request" {
		o, err := s.Library.One(v.Request.Context(), id)
		if err != nil && !errors.Is(err, saved.ErrNone) { // one that was removed meanwhile has no columns to give
			return err
		}
		if o.Within(v.actor()) {
			spec.Table = o.Table
			if o.Sends(spec.Params) {
				spec.Saved = o.Name
			}
		}
	}
	spec.Person = s.person(cmp.Or(form.Get("shown"), "nothing"))
	run, err := s.Runner.Start(v.Request.Context(), v.actor(), spec)
	if errors.Is(err, runs.ErrNotShown) {
		return validation.Problems{"shown": "Nothing was started yet. This is what the run would do now. Check it, then run it."}
	}
	if err != nil {
		return err
	}
	return v.redirect(fmt.Sprintf("/runs/%d", run.ID))
}

// refused begins the names under which a draft keeps what was wrong when it was to be started.
const refused = "refused."

// refusals takes what was wrong out of a draft's form.
func refusals(form url.Values) validation.Problems {
	p := validation.Problems{}
	for name := range form {
		if field, is := strings.CutPrefix(name, refused); is {
			p[field] = form.Get(name)
			form.Del(name)
		}
	}
	if len(p) == 0 {
		return nil
	}
	return p
}

// refuseCompose keeps the form as a draft, and leads to its address with what is wrong: no page is the answer to a form.
func (s *Server) refuseCompose(v *requestContext, _ int, problems validation.Problems) error {
	form := v.Request.PostForm
	if problems["shown"] != "" {
		form.Del("confirm") // the number that was typed confirmed another run
	}
	for field, problem := range problems {
		form.Set(refused+field, problem)
	}
	return s.toDraft(v, form, "&typed=1")
}
