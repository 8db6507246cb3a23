package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
)

// draftPath is the address of a draft.
func draftPath(name string) string { return "/runs/new?draft=" + url.QueryEscape(name) }

// saveDraft keeps the form of a run, and returns the name of its draft.
func (s *Server) saveDraft(v *requestContext, form url.Values) (string, error) {
	kept := url.Values{}
	for name, values := range form {
		if !slices.Contains([]string{"draft", "next", "leave", "example"}, name) {
			kept[name] = values
		}
	}
	return s.Runner.SaveDraft(v.Request.Context(), v.actor(), form.Get("draft"), kept)
}

// toDraft keeps the form and leads to its address: no page is the answer to a form.
func (s *Server) toDraft(v *requestContext, form url.Values, rest string) error {
	name, err := s.saveDraft(v, form)
	if err != nil {
		return err
	}
	return v.redirect(draftPath(name) + rest)
}

// openedDraft is a draft as this member may see it.
type openedDraft struct {
	form url.Values
	from string // whose it is, where it is somebody else's: then the form is a copy, without its secrets
}

// openDraft returns the member's draft, or a copy of a colleague's. A colleague's is there for who could have put it together themselves:
// all that it selects, and its operation, must be within their scope.
func (s *Server) openDraft(v *requestContext, name string) (openedDraft, error) {
	d, err := s.Runner.Draft(v.Request.Context(), name)
	if err != nil {
		return openedDraft{}, err
	}
	form := url.Values(d.Form)
	if d.Member == v.member.ID {
		form.Set("draft", name)
		return openedDraft{form: form}, nil
	}
	if err := s.mayCopy(v, form); err != nil {
		return openedDraft{}, err
	}
	owner, err := s.Roster.Member(v.Request.Context(), d.Member)
	return openedDraft{form: withoutSecrets(form), from: owner.Name}, err
}

// mayCopy returns runs.ErrNoDraft where the form is about anything outside the member's scope.
func (s *Server) mayCopy(v *requestContext, form url.Values) error {
	if o, found := operation.Find(form.Get("operation")); found && !runs.Within(v.actor(), o) {
		return runs.ErrNoDraft
	}
	if len(v.actor().Scope) == 0 {
		return nil
	}
	selection := selectionOf(form)
	all, err := s.Registry.Select(v.Request.Context(), access.System(), selection)
	if err != nil {
		return err
	}
	within, err := s.Registry.Select(v.Request.Context(), v.actor(), selection)
	if err == nil && len(within) != len(all) {
		err = runs.ErrNoDraft
	}
	return err
}

// withoutSecrets is the form without its secrets, and without what was shown to and confirmed by its owner.
func withoutSecrets(form url.Values) url.Values {
	spec := specOf(form)
	spec.Form = form.Get("form")
	spec = runs.WithoutSecrets(spec)
	kept := url.Values{}
	for name, values := range form {
		if !strings.HasPrefix(name, "p.") && !slices.Contains([]string{"form", "shown", "confirm", "draft"}, name) {
			kept[name] = values
		}
	}
	for name, value := range spec.Params {
		kept.Set("p."+name, value)
	}
	if spec.Form != "" {
		kept.Set("form", spec.Form)
	}
	return kept
}

// withDraft replaces what the address selects by the selection of the draft that it names.
func (s *Server) withDraft(v *requestContext, q url.Values) (url.Values, error) {
	name := q.Get("draft")
	if name == "" {
		return q, nil
	}
	d, err := s.openDraft(v, name)
	if err != nil {
		return nil, err
	}
	for _, field := range selectionFields {
		delete(q, field)
		if values := d.form[field]; len(values) > 0 {
			q[field] = values
		}
	}
	return q, nil
}

// selectionFields choose sites.
var selectionFields = []string{"all", "client", "tag", "state", "q", "site", "origin"}

// nextOfDraft are the pages that give a draft its operation.
var nextOfDraft = []string{"/operations", "/endpoints", "/operations/new"}

// leaveDraft keeps the draft and goes where its operation is chosen.
func (s *Server) leaveDraft(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	to := form.Get("next")
	if !slices.Contains(nextOfDraft, to) {
		return errNoPage
	}
	name, err := s.saveDraft(v, form)
	if err != nil {
		return err
	}
	return v.redirect(to + "?draft=" + url.QueryEscape(name))
}

// draftOfRun puts sites of a run into a new draft: to run something else on them.
func (s *Server) draftOfRun(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	spec, err := s.Runner.RerunSpec(v.Request.Context(), v.actor(), id, whichOf(form.Get("outcome"), form.Get("reason")))
	if err != nil {
		return err
	}
	draft := url.Values{"all": {""}, "origin": {"run:" + strconv.FormatInt(id, 10)}}
	for _, site := range spec.Selection.IDs {
		draft.Add("site", strconv.FormatInt(site, 10))
	}
	if name := form.Get("operation"); name != "" {
		draft.Set("operation", name)
	}
	return s.toDraft(v, draft, "")
}
