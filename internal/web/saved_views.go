package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

// savedViews are the reader's own views of a list.
func (s *Server) savedViews(v *requestContext, page audit.ViewPage) ([]views.SavedView, error) {
	found, err := s.Log.Views(v.Request.Context(), v.actor(), page)
	all := make([]views.SavedView, len(found))
	for i, view := range found {
		all[i] = views.SavedView{ID: view.ID, Name: view.Name, Query: view.Query}
	}
	return all, err
}

// viewNames are what the filters of lists are called in their addresses. What else an address says is not kept.
var viewNames = map[audit.ViewPage][]string{
	audit.AuditViews: {"q", "client", "actor", "action", "subject", "outcome", "since", "until"},
	audit.SiteViews:  append([]string{"sort", "dir"}, listFilters...),
	audit.RunViews:   {"operation", "state", "actor", "has", "site", "since", "until"},
}

// saveView keeps the filter of a list under a name.
func (s *Server) saveView(page audit.ViewPage) func(*requestContext) error {
	return func(v *requestContext) error {
		form, err := v.form()
		if err != nil {
			return err
		}
		typed, err := url.ParseQuery(form.Get("query"))
		if err != nil {
			return validation.Problems{"query": "This view cannot be read. Go back and filter again."}
		}
		kept := url.Values{}
		for _, name := range viewNames[page] {
			if value := typed.Get(name); value != "" {
				kept.Set(name, value)
			}
		}
		query := kept.Encode()
		v.Request.URL.RawQuery = query
		err = s.Log.SaveView(v.Request.Context(), v.actor(), page, form.Get("name"), query)
		if errors.Is(err, audit.ErrViewName) || errors.Is(err, audit.ErrViews) {
			problem := strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + "."
			if page == audit.AuditViews {
				return s.showAudit(v, http.StatusUnprocessableEntity, problem)
			}
			return validation.Problems{"name": problem}
		}
		if err != nil {
			return err
		}
		return v.redirect("/" + string(page) + "?" + query)
	}
}

func (s *Server) removeView(page audit.ViewPage) func(*requestContext) error {
	return func(v *requestContext) error {
		id, err := v.number("id")
		if err != nil {
			return err
		}
		if err := s.Log.RemoveView(v.Request.Context(), v.actor(), page, id); err != nil {
			return err
		}
		return v.redirect("/" + string(page))
	}
}
