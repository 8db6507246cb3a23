package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

func (s *Server) siteRights(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	return s.showRights(v, http.StatusOK, site, nil, nil)
}

func (s *Server) showRights(v *requestContext, status int, site sites.Site, operations []views.OperationRight, p validation.Problems) error {
	limited, found, err := s.Registry.Limited(v.Request.Context(), site)
	if err != nil {
		return err
	}
	page := views.SiteRights{ID: site.ID, Name: site.Name, Home: site.Home, Username: site.Credential.Username, Roles: site.Credential.Roles,
		Administrator: site.Credential.Administrator, Operations: operations, Problem: p["form"], Fields: credentialFields(v.PostForm("username"), p)}
	for i := range page.Fields {
		page.Fields[i].Required, page.Fields[i].Focus = !site.Credential.Administrator, false
	}
	page.Fields[0].Label = "Administrator's username"
	if found {
		page.Limited = limitedView(limited)
	}
	return v.render(status, views.RightsPage(v.frame("Permissions", "sites"), page))
}

// lookAtRights asks the site which of the saved operations its credential can carry out. Nothing is done there.
func (s *Server) lookAtRights(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	all, err := s.Library.Usable(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	all = append(clearsOf([]sites.Site{site}), all...)
	rights, err := s.Registry.Permissions(v.Request.Context(), v.actor(), site, requestsOf(all))
	if errors.Is(err, sites.ErrNoCredential) || errors.Is(err, sites.ErrSealed) {
		return s.showRights(v, http.StatusUnprocessableEntity, site, nil, validation.Problems{"form": "This site has no usable credential."})
	}
	if err != nil {
		return err
	}
	shown := make([]views.OperationRight, len(all))
	for i, o := range all {
		shown[i] = views.OperationRight{Name: o.Name, Request: o.Method + " " + o.Path, Right: string(rights[i])}
	}
	return s.showRights(v, http.StatusOK, site, shown, nil)
}

func requestsOf(all []saved.Operation) []wordpress.Request {
	requests := make([]wordpress.Request, len(all))
	for i, o := range all {
		requests[i] = wordpress.Request{Method: o.Method, Path: o.Path}
	}
	return requests
}

// limitUser makes a user on the site who may do no more than it must to clear the cache.
func (s *Server) limitUser(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	if _, err := v.form(); err != nil {
		return err
	}
	admin := sites.AdminLogin{Username: strings.TrimSpace(v.PostForm("username")), Password: vault.NewSecret(v.PostForm("application_password"))}
	limited, err := s.Registry.LimitUser(v.Request.Context(), v.actor(), site.ID, admin)
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showRights(v, http.StatusUnprocessableEntity, site, nil, p)
	}
	if err != nil {
		return err
	}
	if limited.Step == sites.LimitDone {
		s.checkBehind(v, []sites.Site{site})
		v.setFlash("ok", "Drover now signs in as "+limited.Username+", with the role "+limited.Role+". The administrator's password still works: "+
			"revoke it in WordPress.")
	}
	return v.redirect(fmt.Sprintf("/sites/%d/rights", site.ID))
}
