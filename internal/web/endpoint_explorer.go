package web

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

// mostExplored is how many sites' indexes are looked at together.
const mostExplored = 24

// offers reads what the chosen sites offer, side by side.
func (s *Server) offers(v *requestContext, chosen []sites.Site, reload bool) ([]sites.Offered, error) {
	found := make([]sites.Offered, len(chosen))
	group, ctx := errgroup.WithContext(v.Request.Context())
	group.SetLimit(8)
	actor := v.actor()
	for i, site := range chosen {
		group.Go(func() (err error) {
			defer func() {
				if caught := recover(); caught != nil {
					s.Logger.ErrorContext(ctx, "panic", "req", v.requestID(), "site", site.ID, "err", fmt.Sprint(caught), "stack", string(debug.Stack()))
					found[i] = sites.Offered{Site: site, Problem: "Drover couldn't process this site's answer. The server log has details."}
				}
			}()
			found[i], err = s.Registry.Offered(ctx, actor, site, reload)
			return err
		})
	}
	return found, group.Wait()
}

// explored is the sites that the address chooses, at most mostExplored, and how many it chooses in all.
func (s *Server) explored(v *requestContext, q url.Values) ([]sites.Site, int, error) {
	q, err := s.withDraft(v, q)
	if err != nil {
		return nil, 0, err
	}
	selection := selectionOf(q)
	if empty(selection) {
		return nil, 0, nil
	}
	all, err := s.Registry.Select(v.Request.Context(), v.actor(), selection)
	return all[:min(len(all), mostExplored)], len(all), err
}

func (s *Server) explorer(v *requestContext) error {
	q := v.Request.URL.Query()
	page := views.ExplorerPage{Frame: v.frame("Endpoints", "endpoints"), Words: q.Get("words")}
	q, err := s.withDraft(v, q)
	if err != nil {
		return err
	}
	if page.Selection, err = s.selectable(v, q); err != nil {
		return err
	}
	chosen, all, err := s.explored(v, q)
	if err != nil {
		return err
	}
	offered, err := s.offers(v, chosen, q.Get("fresh") == "1")
	if err != nil {
		return err
	}
	page.Chosen, page.IndexesRead = all, len(chosen)
	var indexes []endpoint.Index
	abilities := map[string]*views.AbilityOffer{}
	for _, o := range offered {
		if o.Problem != "" {
			page.Problems = append(page.Problems, views.ExplorerProblem{Site: o.Site.Name, Text: o.Problem})
			continue
		}
		indexes = append(indexes, o.Index)
		if len(o.Abilities) == 0 {
			page.WithoutAbilities++
		}
		for _, a := range o.Abilities {
			if abilities[a.Name] == nil {
				abilities[a.Name] = &views.AbilityOffer{Name: a.Name, Label: a.Label, Description: a.Description, Effect: a.Effect}
			}
			abilities[a.Name].Sites++
		}
	}
	page.Answered = len(indexes)
	for _, o := range endpoint.Search(endpoint.Merge(indexes), page.Words) {
		offer := views.RouteOffer{Namespace: o.Namespace, Template: o.Template, Sites: o.Sites, Alike: o.Alike}
		for _, verb := range o.Endpoints {
			offer.Methods = append(offer.Methods, verb.Method)
		}
		page.Routes = append(page.Routes, offer)
	}
	for _, a := range abilities {
		if words := strings.ToLower(page.Words); words == "" || strings.Contains(strings.ToLower(a.Name+" "+a.Label+" "+a.Description), words) {
			page.Abilities = append(page.Abilities, *a)
		}
	}
	slices.SortFunc(page.Abilities, func(a, b views.AbilityOffer) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(page.Routes, func(a, b views.RouteOffer) int { return strings.Compare(a.Namespace, b.Namespace) })
	page.Query = selectionQuery(q)
	return v.render(http.StatusOK, views.Explorer(page))
}

// selectionQuery keeps what chooses sites.
func selectionQuery(q url.Values) url.Values {
	kept := url.Values{}
	if name := q.Get("draft"); name != "" {
		return url.Values{"draft": {name}}
	}
	for _, name := range selectionFields {
		if values := filled(q[name]); len(values) > 0 {
			kept[name] = values
		}
	}
	return kept
}

// route finds the form of the route or ability that the address names, on the first chosen site that has it.
func (s *Server) route(v *requestContext, q url.Values) (form endpoint.Form, effect string, err error) {
	chosen, _, err := s.explored(v, q)
	if err != nil {
		return form, "", err
	}
	offered, err := s.offers(v, chosen, false)
	if err != nil {
		return form, "", err
	}
	for _, o := range offered {
		for _, a := range o.Abilities {
			if a.Name == q.Get("ability") {
				return endpoint.FormOf(a.Route, a.Route.Endpoints[0]), a.Effect, nil
			}
		}
		for _, r := range o.Index.Routes {
			if verb, has := r.Verb(q.Get("method")); has && r.Template == q.Get("route") {
				return endpoint.FormOf(r, verb), "", nil
			}
		}
	}
	return form, "", errNoPage
}

func (s *Server) endpointForm(v *requestContext) error {
	q := v.Request.URL.Query()
	form, effect, err := s.route(v, q)
	if err != nil {
		return err
	}
	return s.showEndpointForm(v, http.StatusOK, q, form, effect, nil)
}

// showEndpointForm draws the form with what was typed. After a run that the site answered with problems, those stand at their fields.
func (s *Server) showEndpointForm(v *requestContext, status int, q url.Values, form endpoint.Form, effect string, p validation.Problems) error {
	page := views.EndpointFormPage{
		Frame: v.frame(form.Method+" "+form.Template, "endpoints"), Method: form.Method, Template: form.Template, Route: q.Get("route"), Ability: q.Get("ability"),
		Effect: effectOfForm(form, effect), Query: selectionQuery(q), Problems: len(p),
	}
	if p == nil {
		p = s.siteProblems(v, q)
		page.FromSite = len(p) > 0
	}
	for _, f := range form.Fields {
		page.Fields = append(page.Fields, views.EndpointField{
			Name: "f." + f.Name, Label: f.Label, Help: f.Help, Kind: string(f.Kind), Place: string(f.Place), Required: f.Required, Choices: f.Choices,
			Default: f.Default,
			Format:  f.Format, Values: filled(q["f."+f.Name]), Problem: p[f.Name],
		})
	}
	return v.render(status, views.EndpointForm(page))
}

// effectOfForm is what the form's request may do, or more where the site says so.
func effectOfForm(form endpoint.Form, declared string) string {
	path := strings.NewReplacer("{", "{{", "}", "}}").Replace(form.Template)
	return string(operation.Most(operation.Judge(operation.Request{Method: form.Method, Path: path}).Effect, operation.Effect(declared)))
}

// siteProblems reads what a site of an earlier run answered about wrong arguments, when the address names that run's target.
func (s *Server) siteProblems(v *requestContext, q url.Values) validation.Problems {
	run, _ := strconv.ParseInt(q.Get("run"), 10, 64) // what is no number is no run
	target, _ := strconv.ParseInt(q.Get("target"), 10, 64)
	if run == 0 || target == 0 {
		return nil
	}
	_, attempts, err := s.Runner.Target(v.Request.Context(), v.actor(), run, target)
	if err != nil || len(attempts) == 0 {
		return nil
	}
	found, _ := wordpress.FindJSON(attempts[len(attempts)-1].Body)
	return endpoint.FieldProblems(found)
}

// fillEndpoint checks the form and puts the request into the form of a run.
func (s *Server) fillEndpoint(v *requestContext) error {
	q, err := v.form()
	if err != nil {
		return err
	}
	form, effect, err := s.route(v, q)
	if err != nil {
		return err
	}
	typed := map[string][]string{}
	for name, values := range q {
		if field, is := strings.CutPrefix(name, "f."); is {
			typed[field] = values
		}
	}
	filledIn, problems := form.Fill(typed)
	if len(problems) > 0 {
		return s.showEndpointForm(v, http.StatusUnprocessableEntity, q, form, effect, problems)
	}
	run := selectionQuery(q)
	run.Set("operation", "request")
	run.Set("p.method", filledIn.Method)
	run.Set("p.path", filledIn.Path)
	run.Set("p.body", filledIn.Body)
	back := url.Values{}
	for name, values := range q {
		back[name] = filled(values)
	}
	run.Set("form", back.Encode())
	if effect == "destroy" || effect == "change" && filledIn.Method == http.MethodPost {
		run.Set("p.effect", effect)
	}
	if draft := q.Get("draft"); draft != "" {
		selected, err := s.withDraft(v, url.Values{"draft": {draft}})
		if err != nil {
			return err
		}
		for name, values := range selected {
			run[name] = values
		}
	}
	return s.toDraft(v, run, "")
}
