package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

// approve sends the browser to WordPress for a connection. It goes by a page that leads on at once, and not by a redirect of the form: browsers hold
// redirects of a form to the page's form-action, which allows Drover alone.
func (s *Server) approve(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	address, err := s.Connect.Begin(v.Request.Context(), v.actor(), v.session.ID, id, s.PublicURL)
	if errors.Is(err, connect.ErrNotReady) {
		return v.redirect(fmt.Sprintf("/connect/%d?back=not_ready", id))
	}
	if err != nil {
		return err
	}
	return v.toWordPress(address)
}

// approveNext goes on with the next connection that is ready and nobody else's.
func (s *Server) approveNext(v *requestContext) error {
	address, err := s.Connect.BeginNext(v.Request.Context(), v.actor(), v.session.ID, s.PublicURL)
	if errors.Is(err, connect.ErrNone) || errors.Is(err, connect.ErrNotReady) {
		return v.redirect("/connect?back=none")
	}
	if err != nil {
		return err
	}
	return v.toWordPress(address)
}

func (v *requestContext) toWordPress(address string) error {
	v.Header("Referrer-Policy", "no-referrer")
	v.Header("Refresh", "0; url="+address)
	return v.render(http.StatusOK, views.ToWordPress(address))
}

// outcomes are what a way back from WordPress can end with, as the page that follows names it.
var returnOutcomes = []struct {
	err  error
	name string
}{
	{connect.ErrRejected, "rejected"}, {connect.ErrExpired, "expired"}, {connect.ErrOtherSite, "other_site"}, {connect.ErrIncomplete, "incomplete"},
	{connect.ErrUsed, "used"}, {connect.ErrUnavailable, "unavailable"},
	{connect.ErrOtherSession, "session"}, {connect.ErrUnknownState, "unknown"}, {access.ErrForbidden, "forbidden"},
}

// returned takes the browser back from WordPress. The address holds a credential: whatever happens, the answer is a redirect to one without, so that
// it stays in no history and no page is drawn that could pass it on.
func (s *Server) returned(c *gin.Context) {
	v := &requestContext{Context: c, server: s}
	c.Header("Referrer-Policy", "no-referrer")
	to, err := s.takeBack(v)
	if err != nil {
		to = "/connect?back=failed"
		s.Logger.ErrorContext(c.Request.Context(), "failed", "req", v.requestID(), "path", c.Request.URL.Path, "err", err)
	}
	c.Redirect(http.StatusSeeOther, to)
}

// takeBack stores what came back, and returns the address of the page that tells of it.
func (s *Server) takeBack(v *requestContext) (to string, err error) {
	if v.limitAddress() != nil {
		return "/connect?back=busy", nil
	}
	if err := s.authenticate(v); err != nil || s.requiredStep(route{}, v) != "" {
		return "/connect?back=session", nil
	}
	query := v.Request.URL.Query()
	for _, values := range query {
		for _, value := range values {
			if !storable(value) {
				return "/connect?back=incomplete", nil
			}
		}
	}
	back := connect.Returned{State: query.Get("state"), Rejected: query.Get("success") == "false", Error: query.Get("error"), SiteURL: query.Get("site_url"),
		Username: query.Get("user_login"), Password: vault.NewSecret(query.Get("password"))}
	ctx := context.WithoutCancel(v.Request.Context()) // WordPress shows the password once: a browser that is closed now must not lose it
	v.Request = v.Request.WithContext(ctx)
	grant, err := s.Connect.Take(ctx, v.actor(), v.session.ID, back)
	page := "/connect"
	if grant.Connection.ID != 0 {
		page = fmt.Sprintf("/connect/%d", grant.Connection.ID)
	}
	for _, outcome := range returnOutcomes {
		if errors.Is(err, outcome.err) {
			return page + "?back=" + outcome.name, nil
		}
	}
	if err != nil {
		return "", err
	}
	return s.storeGrant(v, page, grant)
}

func (s *Server) storeGrant(v *requestContext, page string, grant connect.Grant) (to string, err error) {
	site, err := s.storeCredential(v, grant.Connection, grant.Username, grant.Password)
	if requested, is := errors.AsType[*changes.Requested](err); is {
		return fmt.Sprintf("/changes/%d", requested.Pending.ID), nil
	}
	if _, is := errors.AsType[validation.Problems](err); is {
		return page + "?back=not_stored", nil
	}
	if err != nil {
		return "", err
	}
	o, err := s.Connect.Overview(v.Request.Context(), v.actor(), "", 0, 1)
	if err != nil || o.Counts[connect.Ready]+o.Counts[connect.Looking] > 0 {
		s.checkBehind(v, []sites.Site{site}) // there is more to approve meanwhile
		return page + "?back=approved", err
	}
	s.checkNow(v, site)
	return fmt.Sprintf("/sites/%d", site.ID), nil
}

// storeCredential adds the connection's site with the credential, or replaces the one of the site that is there, and settles the connection.
func (s *Server) storeCredential(v *requestContext, c connect.Connection, username string, password vault.Secret) (site sites.Site, err error) {
	ctx := v.Request.Context()
	d := sites.Draft{URL: c.Home, Name: c.Name, Client: c.Client, Tags: c.Tags, Username: username, Password: password}
	if c.Replaces {
		if _, err := v.change(changes.Change{Action: access.SiteCredential, Sites: []int64{c.SiteID}, Draft: d}); err != nil {
			return site, err
		}
		site, err = s.Registry.Site(ctx, v.actor(), c.SiteID)
	} else {
		site, err = s.Registry.Add(ctx, v.actor(), d)
		if errors.Is(err, access.ErrNeedsApproval) {
			_, err = v.change(changes.Change{Action: access.SiteAdd, Draft: d})
		}
	}
	if err != nil {
		return site, err
	}
	return site, s.Connect.Settle(ctx, site)
}
