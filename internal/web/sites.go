package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

const perPage = 50

// listFilters are the fields by which the list of sites is filtered. A run is put together by the first of them; by the others, sites are chosen one by one.
var listFilters = append(slices.Clone(runFilters), "credential", "certificate", "cache", "plugin", "wordpress")

var runFilters = []string{"q", "state", "client", "tag"}

// olderThan is the time that lies so many days back; zero where the text is no such number.
func olderThan(days string, now time.Time) time.Time {
	n, err := strconv.Atoi(days)
	if err != nil || n <= 0 || n > mostDays {
		return time.Time{}
	}
	return now.AddDate(0, 0, -n)
}

const mostDays = 36500

// siteQuery keeps what the list of sites understands of its address.
func siteQuery(v *requestContext) url.Values {
	kept := url.Values{}
	for _, name := range append([]string{"sort", "dir"}, listFilters...) {
		if value := strings.TrimSpace(v.Query(name)); value != "" {
			kept.Set(name, value)
		}
	}
	return kept
}

func siteFilter(query url.Values) sites.Filter {
	f := sites.Filter{Query: query.Get("q"), State: sites.State(query.Get("state")), Sort: query.Get("sort"), Descending: query.Get("dir") == "desc"}
	if client := query.Get("client"); client != "" {
		f.Clients = []string{client}
	}
	if tag := query.Get("tag"); tag != "" {
		f.Tags = []string{tag}
	}
	f.Cache, f.Plugin, f.WordPress = query.Get("cache"), query.Get("plugin"), query.Get("wordpress")
	f.Credential = olderThan(query.Get("credential"), time.Now())
	days, _ := strconv.Atoi(query.Get("certificate")) // what is no number does not narrow
	f.Certificate = within(days, time.Now())
	return f
}

func (s *Server) sites(v *requestContext) error {
	query := siteQuery(v)
	filter := siteFilter(query)
	filter.Limit, filter.Offset = perPage, (v.page()-1)*perPage
	found, total, err := s.Registry.Sites(v.Request.Context(), v.actor(), filter)
	if err != nil {
		return err
	}
	facets, err := s.Registry.FacetsOf(v.Request.Context(), v.actor(), siteFilter(query))
	if err != nil {
		return err
	}
	anySite := len(facets.States) > 0
	if !anySite && len(query) > 0 {
		all, err := s.Registry.Facets(v.Request.Context(), v.actor())
		if err != nil {
			return err
		}
		anySite = len(all.States) > 0
	}
	page := views.Sites{
		Query: query.Get("q"), State: query.Get("state"), Client: query.Get("client"), Tag: query.Get("tag"), Credential: query.Get("credential"),
		Certificate: query.Get("certificate"), Cache: query.Get("cache"), Plugin: query.Get("plugin"), WordPress: query.Get("wordpress"),
		Sort: query.Get("sort"), Descending: filter.Descending,
		Pages: views.Pages{Page: v.page(), Per: perPage, Total: int(total), Path: "/sites", Query: query}, Any: anySite, Checking: s.checking.left(v.actor().ID),
		States: chips("state", facets.States, query), Clients: chips("client", facets.Clients, query), Tags: chips("tag", facets.Tags, query),
		Caches: chips("cache", facets.Caches, query), Plugins: chips("plugin", facets.Plugins, query), WordPresses: chips("wordpress", facets.WordPress, query),
	}
	if page.Saved, err = s.savedViews(v, audit.SiteViews); err != nil {
		return err
	}
	upkeep, err := s.Registry.Upkeep(v.Request.Context())
	if err != nil {
		return err
	}
	if page.Upkeep, err = s.upkeepChips(v, upkeep); err != nil {
		return err
	}
	if page.Rows, err = s.siteRows(v, found, upkeep); err != nil {
		return err
	}
	return v.render(http.StatusOK, views.SitesPage(v.frame("Sites", "sites"), page))
}

// chips are the values of a filter; choosing the chosen one takes it away.
func chips(name string, counts []sites.Count, query url.Values) []views.Chip {
	all := make([]views.Chip, len(counts))
	for i, c := range counts {
		chosen := query.Get(name) == c.Value
		changed := url.Values{}
		for key, values := range query {
			changed[key] = values
		}
		changed.Del(name)
		if !chosen {
			changed.Set(name, c.Value)
		}
		all[i] = views.Chip{Label: c.Value, Value: c.Value, Count: int(c.Sites), Chosen: chosen, Href: "/sites?" + changed.Encode()}
		if c.Value == sites.NotKnown {
			all[i].Label = "Not known"
		}
	}
	return all
}

func (s *Server) siteRows(v *requestContext, found []sites.Site, upkeep sites.Upkeep) ([]views.SiteRow, error) {
	ids := make([]int64, len(found))
	for i, site := range found {
		ids[i] = site.ID
	}
	last, err := s.Runner.LastTargets(v.Request.Context(), v.actor(), ids)
	if err != nil {
		return nil, err
	}
	rows := make([]views.SiteRow, len(found))
	for i, site := range found {
		target := last[site.ID]
		rows[i] = views.SiteRow{
			ID: site.ID, Name: site.Name, Host: site.Host, Client: site.Client, Tags: site.Tags, State: shownState(site), Finding: site.Finding,
			SeenAt: site.SeenAt, Cache: site.CacheState, Mode: site.SetupMode, Environment: site.Environment, Plugin: site.PluginVersion, CacheAt: site.CacheAt,
			LastOutcome: targetBadge(target), LastReason: target.Reason.Sentence(), LastRun: target.RunID,
			Administrator: site.Credential.Administrator, CredentialAt: site.Credential.CreatedAt,
			StateSince: site.StateSince, CertificateEnds: site.CertificateEnds, WordPress: site.WordPressVersion,
			CredentialOld: upkeep.Old(site.Credential.CreatedAt, time.Now()),
		}
	}
	return rows, nil
}

func shownState(site sites.Site) string {
	if !site.RetiredAt.IsZero() {
		return string(sites.Retired)
	}
	return string(site.State)
}

// chosen resolves the sites that a form of the list chose: single ones, or all that match its filters.
func (s *Server) chosen(v *requestContext) ([]sites.Site, error) {
	form, err := v.form()
	if err != nil {
		return nil, err
	}
	return s.chosenIn(v, form)
}

// chosenIn is chosen for a form that was read already, or an address.
func (s *Server) chosenIn(v *requestContext, form url.Values) ([]sites.Site, error) {
	if form.Get("all") == "1" {
		query := url.Values{}
		for _, name := range listFilters {
			query.Set(name, form.Get("all."+name))
		}
		found, _, err := s.Registry.Sites(v.Request.Context(), v.actor(), siteFilter(query))
		return found, err
	}
	var found []sites.Site
	for _, id := range validation.ParseIDs(form["site"]) {
		site, err := s.Registry.Site(v.Request.Context(), v.actor(), id)
		if err != nil {
			return nil, err
		}
		found = append(found, site)
	}
	if len(found) == 0 {
		return nil, validation.Problems{"site": "No sites selected. Go back and select some."}
	}
	return found, nil
}

func idsOf(found []sites.Site) []int64 {
	ids := make([]int64, len(found))
	for i, site := range found {
		ids[i] = site.ID
	}
	return ids
}

// checkSites checks in the background: many sites take longer than a person waits for a page. Their states change as they are known.
func (s *Server) checkSites(v *requestContext) error {
	found, err := s.chosen(v)
	if err != nil {
		return err
	}
	if err := s.Registry.BeginChecks(v.Request.Context(), v.actor(), found); err != nil {
		return err
	}
	s.checkBehind(v, found)
	v.setFlash("ok", fmt.Sprintf("Checking %s. The list shows each result as it comes in.", countedSites(len(found))))
	return v.redirect("/sites" + chosenFilter(v))
}

func (s *Server) checkBehind(v *requestContext, found []sites.Site) {
	actor, member := v.actor().Detached(), v.actor().ID
	s.checking.add(member, len(found))
	s.checks.Go(func() {
		left := len(found)
		defer func() { s.checking.add(member, -left) }() // those that were not reached before Drover stops
		s.Registry.CheckAll(s.running, actor, found, func(site sites.Site, _ wordpress.Report, err error) {
			left--
			s.checking.add(member, -1)
			if err != nil && s.running.Err() == nil {
				s.Logger.Error("a check failed", "site", site.ID, "err", err)
			}
		})
	})
}

// checking counts the sites that each member's checks have still before them.
type checking struct {
	guard sync.Mutex
	sites map[int64]int
}

func (c *checking) add(member int64, n int) {
	c.guard.Lock()
	defer c.guard.Unlock()
	if c.sites == nil {
		c.sites = map[int64]int{}
	}
	if c.sites[member] += n; c.sites[member] <= 0 {
		delete(c.sites, member)
	}
}

func (c *checking) left(member int64) int {
	c.guard.Lock()
	defer c.guard.Unlock()
	return c.sites[member]
}

// chosenFilter is the query of the list that a form of it was sent from.
func chosenFilter(v *requestContext) string {
	query := url.Values{}
	for _, name := range listFilters {
		if value := v.PostForm("all." + name); value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

func countedSites(n int) string {
	return humanize.Comma(int64(n)) + " " + english.PluralWord(n, "site", "sites")
}

func (s *Server) tagSites(v *requestContext) error {
	found, err := s.chosen(v)
	if err != nil {
		return err
	}
	tag := v.PostForm("new_tag")
	if _, err := v.change(changes.Change{Action: access.SiteTag, Sites: idsOf(found), Tag: tag}); err != nil {
		return err
	}
	return s.changedSites(v, fmt.Sprintf("Tagged %s with “%s”.", countedSites(len(found)), strings.TrimSpace(tag)), restoring(found))
}

func (s *Server) retireSites(v *requestContext) error {
	found, err := s.chosen(v)
	if err != nil {
		return err
	}
	if _, err := v.change(changes.Change{Action: access.SiteRetire, Sites: idsOf(found)}); err != nil {
		return err
	}
	return s.changedSites(v, fmt.Sprintf("Retired %s. Nothing was deleted.", countedSites(len(found))), []undoStep{{Action: access.SiteRestore,
		Sites: idsOf(found)}})
}

func (s *Server) restoreSites(v *requestContext) error {
	found, err := s.chosen(v)
	if err != nil {
		return err
	}
	if _, err := v.change(changes.Change{Action: access.SiteRestore, Sites: idsOf(found)}); err != nil {
		return err
	}
	return s.changedSites(v, fmt.Sprintf("Restored %s.", countedSites(len(found))), []undoStep{{Action: access.SiteRetire, Sites: idsOf(found)}})
}
