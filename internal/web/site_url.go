package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// changeSiteURL gives a site the address that it sent a run's request to. The address is read from the run, never from the form; one of
// another domain has to be typed into the site's own form.
func (s *Server) changeSiteURL(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	run, _ := strconv.ParseInt(form.Get("run"), 10, 64)       // what is no number is no run of ours
	target, _ := strconv.ParseInt(form.Get("target"), 10, 64) // nor a target
	redirected, _, err := s.Runner.Target(v.Request.Context(), v.actor(), run, target)
	if err != nil {
		return err
	}
	to, sameDomain := wordpress.RedirectedHome(redirected.Home, redirected.Location)
	if redirected.SiteID != site.ID || !sameDomain {
		return runs.ErrNoTarget
	}
	_, err = v.change(changes.Change{Action: access.SiteEdit, Sites: []int64{site.ID}, From: redirected.Home, Draft: sites.Draft{URL: to}})
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showSiteForm(v, http.StatusUnprocessableEntity, site, sites.Draft{URL: to, Name: site.Name, Client: site.Client, Tags: site.Tags}, p)
	}
	if err != nil {
		return err
	}
	changed, err := v.knownSite()
	if err != nil {
		return err
	}
	s.checkNow(v, changed)
	return v.redirect(fmt.Sprintf("/sites/%d", site.ID))
}

// acceptRedirects does the same for every site of a run that moved within its domain, and checks them behind.
func (s *Server) acceptRedirects(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	redirects, otherDomain, err := s.Runner.Redirects(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	var changed []sites.Site
	taken, waiting := 0, 0
	for _, m := range redirects {
		_, err := v.change(changes.Change{Action: access.SiteEdit, Sites: []int64{m.SiteID}, From: m.From, Draft: sites.Draft{URL: m.To}})
		if _, is := errors.AsType[*changes.Requested](err); is {
			waiting++
			continue
		}
		if _, is := errors.AsType[validation.Problems](err); is {
			taken++ // another site has that address already
			continue
		}
		if err != nil {
			return err
		}
		site, err := s.Registry.Site(v.Request.Context(), v.actor(), m.SiteID)
		if err != nil {
			return err
		}
		changed = append(changed, site)
	}
	s.checkBehind(v, changed)
	text := redirectsText(len(changed), taken, otherDomain)
	if waiting > 0 {
		text += fmt.Sprintf(" Not changed yet: %s protected by the approval policy. A second admin or owner must approve the new URLs.", countedSites(waiting))
	}
	v.setFlash("ok", text)
	return v.redirect(fmt.Sprintf("/runs/%d", id))
}

func redirectsText(changed, taken, otherDomain int) string {
	text := fmt.Sprintf("Changed the URL of %s. Rerun the operation there once the checks have finished.", countedSites(changed))
	if taken > 0 {
		text += fmt.Sprintf(" Not changed: %s already in the list under the new URL. Retire the old entries.", countedSites(taken))
	}
	if otherDomain > 0 {
		text += fmt.Sprintf(" Not changed: %s redirecting to another domain. Open each to decide whether to send its credential there.", countedSites(otherDomain))
	}
	return text
}
