package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

func (v *requestContext) knownSite() (sites.Site, error) {
	id, err := v.number("id")
	if err != nil {
		return sites.Site{}, err
	}
	return v.server.Registry.Site(v.Request.Context(), v.actor(), id)
}

func (s *Server) site(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	return s.showSite(v, http.StatusOK, site, nil)
}

// showSite draws the site's page; problems are those of the form that replaces the credential.
func (s *Server) showSite(v *requestContext, status int, site sites.Site, problems validation.Problems) error {
	ctx := v.Request.Context()
	report, err := s.Registry.Report(ctx, site.ID)
	if err != nil {
		return err
	}
	page := views.Site{
		ID: site.ID, Name: site.Name, Home: site.Home, Client: site.Client, Tags: site.Tags, State: string(site.State), CheckedAt: site.CheckedAt,
		SeenAt: site.SeenAt, CachePlugins: cachePlugins(site), Cache: site.CacheState, Mode: site.SetupMode,
		Plugin: site.PluginVersion, Environment: site.Environment, CacheAt: site.CacheAt,
		Retired: !site.RetiredAt.IsZero(), Root: site.Root, Override: site.Override, Address: site.Address, RedirectsTo: site.RedirectsTo,
		Username: site.Credential.Username, Roles: site.Credential.Roles, Administrator: site.Credential.Administrator,
		CredentialAt: site.Credential.CreatedAt, CredentialBy: site.Credential.CreatedBy, WorkedAt: site.Credential.WorkedAt,
		Steps: checkSteps(site.Home, report), Credential: credentialFields(cmp.Or(v.PostForm("username"), site.Credential.Username), problems),
		ShowCredential:      len(problems) > 0 || v.Query("credential") == "1",
		FromRun:             fromRun(v),
		ReauthenticateFirst: len(problems) == 0 && time.Since(v.session.ReauthenticatedAt) > recentFor,
	}
	if err := s.addCredentialAge(ctx, &page, site); err != nil {
		return err
	}
	if page.Health, err = s.siteHealth(ctx, site); err != nil {
		return err
	}
	if page.Runs, err = s.runsOf(v, site.ID); err != nil {
		return err
	}
	entries, _, err := s.Log.Entries(ctx, v.actor(), audit.Filter{Subject: access.On("site", site.ID), Limit: 8})
	if err != nil {
		return err
	}
	for _, e := range entries {
		page.Entries = append(page.Entries, entryView(e))
	}
	return v.render(status, views.SitePage(v.frame(site.Name, "sites"), page))
}

// addCredentialAge tells whether the credential is old, and how its rotation goes.
func (s *Server) addCredentialAge(ctx context.Context, page *views.Site, site sites.Site) error {
	upkeep, err := s.Registry.Upkeep(ctx)
	if err != nil {
		return err
	}
	page.CredentialDays, page.CredentialOld = upkeep.CredentialDays, upkeep.Old(site.Credential.CreatedAt, time.Now())
	rotation, found, err := s.Registry.Rotation(ctx, site)
	if found {
		page.Rotation = rotationView(rotation)
	}
	return err
}

// cachePlugins names the site's cache plugins, where they are known.
func cachePlugins(site sites.Site) string {
	active, _ := cacheplugin.FromStored(site.CachePlugins)
	return cacheplugin.Names(active)
}

var checkStepTitles = map[string]string{
	wordpress.StepHomePage: "Reach the site", wordpress.StepRoot: "Find the REST API", wordpress.StepApplicationPasswords: "Application passwords",
	wordpress.StepCredential: "Sign in", wordpress.StepCapabilities: "User permissions", wordpress.StepNamespaces: "Cache plugin",
	wordpress.StepStatus: "Cache status",
}

func checkSteps(home string, report wordpress.Report) []views.CheckStep {
	all := make([]views.CheckStep, len(report.Steps))
	for i, r := range report.Steps {
		all[i] = views.CheckStep{Title: checkStepTitles[r.Name], State: string(r.State), Finding: r.Finding, Fix: r.Fix}
		if screen, is := wordpress.ScreenForStep(r.Name); is && r.Fix != "" {
			all[i].Screen = views.AdminLink{URL: screen.URL(home), Label: screen.Label}
		}
		all[i].Reconnect = r.Name == wordpress.StepCredential && r.State == wordpress.CheckFailed
	}
	return all
}

func (s *Server) runsOf(v *requestContext, site int64) ([]views.SiteRun, error) {
	listed, _, err := s.Runner.Runs(v.Request.Context(), v.actor(), runs.Filter{Site: site, Limit: 6})
	if err != nil {
		return nil, err
	}
	var all []views.SiteRun
	for _, run := range listed {
		targets, _, err := s.Runner.Targets(v.Request.Context(), v.actor(), runs.TargetFilter{Run: run.ID, Site: site})
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			all = append(all, views.SiteRun{Run: run.ID, Target: t.ID, Title: run.Title, Outcome: targetBadge(t), Reason: t.Reason.Label(), At: run.CreatedAt})
		}
	}
	return all, nil
}

func (s *Server) newSite(v *requestContext) error {
	return s.showSiteForm(v, http.StatusOK, sites.Site{}, draft(v), nil)
}

// draft is what was typed.
func draft(v *requestContext) sites.Draft {
	return sites.Draft{
		URL: v.PostForm("url"), Name: v.PostForm("name"), Client: v.PostForm("client"), Tags: sites.SplitTags(v.PostForm("tags")),
		Username: v.PostForm("username"), Password: vault.NewSecret(v.PostForm("application_password")),
	}
}

func (s *Server) showSiteForm(v *requestContext, status int, site sites.Site, d sites.Draft, p validation.Problems) error {
	clients, err := s.Registry.Clients(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	fields := []views.Field{{Name: "url", Label: "Site URL", Value: d.URL, Problem: p["url"], Placeholder: "https://acme.example", Complete: "off",
		Required: true}}
	if site.ID == 0 {
		fields = append(fields, credentialFields(d.Username, p)...)
	}
	fields = append(fields,
		views.Field{Name: "name", Label: "Name", Value: d.Name, Problem: p["name"], Hint: "If empty, Drover uses the site's title once it has checked the site.",
			Complete: "off"},
		views.Field{Name: "client", Label: "Client", Value: d.Client, Problem: p["client"], List: clients, Complete: "off"},
		views.Field{Name: "tags", Label: "Tags", Value: strings.Join(d.Tags, ", "), Problem: p["tags"], Hint: "Separated by commas.", Complete: "off"})
	title := "Add a site"
	if site.ID != 0 {
		title = "Edit " + site.Name
	}
	return v.render(status, views.SiteFormPage(v.frame(title, "sites"), views.SiteForm{ID: site.ID, Name: site.Name, Fields: fields, Problem: p["form"]}))
}

// credentialFields never holds the password: what was typed is typed again.
func credentialFields(username string, p validation.Problems) []views.Field {
	return []views.Field{
		{Name: "username", Label: "WordPress username", Value: username, Problem: p["username"], Complete: "off", Required: true},
		{Name: "application_password", Label: "Application password", Type: "password", Focus: username != "",
			Problem: p["application_password"], Complete: "off", Required: true,
			Hint: "As WordPress shows it, including spaces: Users → Profile → Application Passwords.", Placeholder: "abcd EFGH 1234 ijkl MNOP 5678"},
	}
}

func (s *Server) addSite(v *requestContext) error {
	if _, err := v.form(); err != nil {
		return err
	}
	d := draft(v)
	site, err := s.Registry.Add(v.Request.Context(), v.actor(), d)
	if errors.Is(err, access.ErrNeedsApproval) {
		_, err = v.change(changes.Change{Action: access.SiteAdd, Draft: d})
	}
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showSiteForm(v, http.StatusUnprocessableEntity, sites.Site{}, d, p)
	}
	if err != nil {
		return err
	}
	s.checkNow(v, site)
	return v.redirect(fmt.Sprintf("/sites/%d", site.ID))
}

// checkLimit is how long a person waits for a check; a site that takes longer is broken anyhow.
const checkLimit = 40 * time.Second

// checkNow checks one site while the person waits. The site is stored whatever happens, so a check that fails is only said.
func (s *Server) checkNow(v *requestContext, site sites.Site) {
	ctx, cancel := context.WithTimeout(v.Request.Context(), checkLimit)
	defer cancel()
	report, err := s.Registry.Check(ctx, v.actor(), site.ID)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		v.setFlash("problem", "Site saved, but the check took too long. Check it again in a minute.")
	case errors.Is(err, sites.ErrNoCredential):
		v.setFlash("problem", "Site saved but not checked: it has no credential. Add one below.")
	case errors.Is(err, sites.ErrSealed):
		v.setFlash("problem", "Site saved but not checked: its credential cannot be decrypted. Replace it below.")
	case errors.Is(err, sites.ErrChanged):
		v.setFlash("problem", "Site saved, but its URL or credential was changed during the check. Check it again.")
	case err != nil:
		if v.Request.Context().Err() == nil {
			s.Logger.ErrorContext(v.Request.Context(), "a check failed", "req", v.requestID(), "site", site.ID, "err", err)
		}
		v.setFlash("problem", "Site saved, but an error in Drover stopped the check. See the server log for details.")
	case report.State() == "ready":
		v.setFlash("ok", fmt.Sprintf("%s was checked. Everything works.", site.Name))
	default:
		v.setFlash("problem", fmt.Sprintf("%s was checked and needs attention. Its page shows how to fix it.", site.Name))
	}
}

func (s *Server) siteForm(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	return s.showSiteForm(v, http.StatusOK, site, sites.Draft{URL: site.Home, Name: site.Name, Client: site.Client, Tags: site.Tags}, nil)
}

func (s *Server) editSite(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	if _, err := v.form(); err != nil {
		return err
	}
	d := draft(v)
	_, err = v.change(changes.Change{Action: access.SiteEdit, Sites: []int64{site.ID}, Draft: d})
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showSiteForm(v, http.StatusUnprocessableEntity, site, d, p)
	}
	if err != nil {
		return err
	}
	changed, err := v.knownSite()
	if err != nil {
		return err
	}
	v.setFlash("ok", "Saved.")
	switch {
	case changed.Home == site.Home:
	case changed.Credential.Username == "":
		v.setFlash("problem", "Saved. Enter the credential again below: Drover sends a password only to the URL it was stored for.")
	default:
		s.checkNow(v, changed)
	}
	return v.redirect(fmt.Sprintf("/sites/%d", site.ID))
}

func (s *Server) replaceCredential(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	if _, err := v.form(); err != nil {
		return err
	}
	_, err = v.change(changes.Change{Action: access.SiteCredential, Sites: []int64{site.ID}, Draft: draft(v)})
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showSite(v, http.StatusUnprocessableEntity, site, p)
	}
	if err != nil {
		return err
	}
	s.checkNow(v, site)
	if run := fromRun(v); run != 0 {
		return v.redirect(fmt.Sprintf("/runs/%d", run))
	}
	return v.redirect(fmt.Sprintf("/sites/%d", site.ID))
}

// fromRun is the run that somebody came from to fix a site, and goes back to; 0 for none.
func fromRun(v *requestContext) int64 {
	run, err := strconv.ParseInt(cmp.Or(v.PostForm("run"), v.Query("run")), 10, 64)
	if err != nil || run < 1 {
		return 0
	}
	return run
}

func (s *Server) checkSite(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	s.checkNow(v, site)
	return v.redirect(fmt.Sprintf("/sites/%d", site.ID))
}

func (s *Server) retireSite(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	if _, err := v.change(changes.Change{Action: access.SiteRetire, Sites: []int64{site.ID}}); err != nil {
		return err
	}
	v.setFlash("ok", "Site retired. Nothing was deleted, and you can restore it.")
	return v.redirect(fmt.Sprintf("/sites/%d", site.ID))
}

func (s *Server) restoreSite(v *requestContext) error {
	site, err := v.knownSite()
	if err != nil {
		return err
	}
	if _, err := v.change(changes.Change{Action: access.SiteRestore, Sites: []int64{site.ID}}); err != nil {
		return err
	}
	v.setFlash("ok", "Site restored.")
	return v.redirect(fmt.Sprintf("/sites/%d", site.ID))
}
