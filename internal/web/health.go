package web

import (
	"context"
	"time"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/views"
)

// siteHealth is how a site has been, and what changed on it.
func (s *Server) siteHealth(ctx context.Context, site sites.Site) (views.Health, error) {
	events, err := s.Registry.Events(ctx, site)
	if err != nil {
		return views.Health{}, err
	}
	streak := sites.StreakOf(events)
	h := views.Health{Known: !streak.Since.IsZero(), Good: streak.Good, Since: streak.Since, Before: streak.Before, NextCheckAt: site.NextCheckAt,
		CertificateEnds: site.CertificateEnds, WordPressVersion: site.WordPressVersion, Events: eventViews(events)}
	if !site.RetiredAt.IsZero() || site.Credential.CreatedAt.IsZero() {
		h.NextCheckAt = time.Time{} // nothing is checked there
	}
	return h, nil
}

// eventViews are a site's events, the latest first, each state with how long it lasted.
func eventViews(events []sites.Event) []views.SiteEvent {
	all := make([]views.SiteEvent, len(events))
	var ended time.Time
	for i, e := range events {
		all[i] = views.SiteEvent{At: e.At, Kind: e.Kind, Was: e.Was, Became: e.Became, Finding: e.Finding}
		if e.Kind == sites.EventState {
			if !ended.IsZero() {
				all[i].Lasted = ended.Sub(e.At)
			}
			ended = e.At
		}
	}
	return all
}

// What the first page tells of sites that changed.
const (
	newsFor  = 3 * 24 * time.Hour
	mostNews = 8
)

func (s *Server) changesOfSites(v *requestContext) ([]views.HomeChange, error) {
	news, err := s.Registry.News(v.Request.Context(), v.actor(), time.Now().Add(-newsFor), mostNews)
	all := make([]views.HomeChange, len(news))
	for i, n := range news {
		all[i] = views.HomeChange{SiteID: n.Site.ID, Name: n.Site.Name, Client: n.Site.Client, State: n.Became, At: n.At}
		if !sites.State(n.Became).Good() {
			all[i].Detail = n.Finding
		}
	}
	return all, err
}
