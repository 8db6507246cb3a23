package sites

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/wordpress"
)

// Check checks one site, stores what it found and returns it. That a site does not answer is a finding, not an error. It returns ErrChanged,
// and stores nothing, where the site's URL or credential was changed while it went on.
func (r *Registry) Check(ctx context.Context, actor access.Actor, id int64) (wordpress.Report, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteCheck, access.On("site", id)); err != nil {
		return wordpress.Report{}, err
	}
	s, err := r.Site(ctx, actor, id)
	if err != nil {
		return wordpress.Report{}, err
	}
	client, err := r.Dial(ctx, s)
	if err != nil {
		return wordpress.Report{}, err
	}
	report := client.Check(ctx)
	if err := ctx.Err(); err != nil {
		return wordpress.Report{}, fmt.Errorf("sites: check: %w", err)
	}
	err = r.store.change(ctx, actor, func(w write) error {
		now, err := w.site(access.SiteCheck, id)
		if err == nil && (now.Home != s.Home || !now.Credential.CreatedAt.Equal(s.Credential.CreatedAt)) {
			err = ErrChanged
		}
		if err != nil {
			return err
		}
		return w.storeDetected(now, report)
	})
	if err != nil {
		return wordpress.Report{}, fmt.Errorf("sites: check: %w", err)
	}
	return report, nil
}

// BeginChecks verifies that the actor still stands before sites are checked in the background, where the session that was asked with no
// longer counts.
func (r *Registry) BeginChecks(ctx context.Context, actor access.Actor, chosen []Site) error {
	err := r.store.change(ctx, actor, func(w write) error {
		for _, s := range chosen {
			if err := w.log.VerifyActor(w.tx, actor, access.SiteCheck, access.On("site", s.ID)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sites: check: %w", err)
	}
	return nil
}

// StoreOverride stores how verbs that the site's firewall blocks reach it, as a run found out. It changes nothing when the site's
// address was changed in the meantime.
func (r *Registry) StoreOverride(ctx context.Context, actor access.Actor, s Site, override string) error {
	if err := r.log.Authorize(ctx, actor, access.SiteDetect, access.On("site", s.ID)); err != nil {
		return err
	}
	err := r.storeInTurn(ctx, actor, func(w write) error {
		if err := w.takeTurn(access.SiteDetect, access.On("site", s.ID)); err != nil {
			return err
		}
		changed, err := w.setOverride(s, override)
		if err != nil || !changed {
			return err
		}
		return w.record(access.SiteDetect, s.ID, map[string]any{"home": s.Home, "override": map[string]any{"before": s.Override, "after": override}})
	})
	if err != nil {
		return fmt.Errorf("sites: learn: %w", err)
	}
	return nil
}

// checks is how many sites CheckAll checks at once; the network's own limits hold below it.
const checks = 64

// checkSafely is Check, but a panic over an answer that nobody thought of is an error of this site alone.
func (r *Registry) checkSafely(ctx context.Context, actor access.Actor, id int64) (report wordpress.Report, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("sites: check: panic: %v\n%s", caught, debug.Stack())
		}
	}()
	return r.Check(ctx, actor, id)
}

// CheckAll checks the sites side by side and calls each, one at a time, with what was found.
func (r *Registry) CheckAll(ctx context.Context, actor access.Actor, chosen []Site, each func(Site, wordpress.Report, error)) {
	type result struct {
		site   Site
		report wordpress.Report
		err    error
	}
	results := make(chan result)
	var group errgroup.Group
	group.SetLimit(checks)
	go func() {
		for _, s := range chosen {
			group.Go(func() error {
				report, err := r.checkSafely(ctx, actor, s.ID)
				results <- result{s, report, err}
				return nil
			})
		}
		group.Wait()
		close(results)
	}()
	for found := range results {
		each(found.site, found.report, found.err)
	}
}

// storeDetected stores a report and records that the site was checked.
func (w write) storeDetected(s Site, report wordpress.Report) error {
	values := map[string]any{"state": report.State(), "finding": finding(report), "redirects_to": report.RedirectsTo}
	switch {
	case report.Root != "":
		values["root"], values["reported_home"], values["located_at"] = report.Root, report.Home, w.now.UnixMicro()
	case report.OtherSite != "":
		values["located_at"] = 0
	}
	if report.Address.IsValid() {
		values["address"] = report.Address.String()
	}
	if report.Plugin != nil {
		values["plugin_version"], values["cache_state"], values["environment"] = report.Plugin.Version, report.Plugin.Cache, report.Plugin.Environment
		values["setup_mode"], values["cache_at"] = report.Plugin.SetupMode, w.now.UnixMicro()
	}
	if report.Name != "" && s.Name == nameless(s.Home) {
		values["name"] = report.Name
	}
	if len(report.Namespaces) > 0 {
		values["has_plugin"] = map[bool]string{true: "yes", false: "no"}[slices.Contains(report.Namespaces, cacheplugin.BigScoots.Namespace)]
		values["cache_plugins"] = cacheplugin.Stored(cacheplugin.In(report.Namespaces))
	}
	if !report.CertificateEnds.IsZero() {
		values["certificate_ends"] = report.CertificateEnds.UnixMicro()
	}
	if report.WordPressVersion != "" {
		values["wordpress_version"] = report.WordPressVersion
	}
	if err := w.putReport(s.ID, report, values); err != nil {
		return err
	}
	if report.Login != "" {
		if err := w.putCredentialFacts(s, report); err != nil {
			return err
		}
	}
	if _, changed := values["state_since"]; !changed && w.actor.Kind == access.KindSystem {
		return nil // nobody asked, and nothing is new
	}
	return w.record(access.SiteCheck, s.ID, map[string]any{"home": s.Home, "state": report.State(), "finding": values["finding"]})
}

// finding is the one sentence that a list shows: the first step that failed, else the first that warns.
func finding(report wordpress.Report) string {
	if step, failing := report.Failing(); failing {
		return step.Finding
	}
	for _, step := range report.Steps {
		if step.State == wordpress.CheckWarning {
			return step.Finding
		}
	}
	return ""
}

// Report returns what the last check of a site found; a site that was never checked has no steps.
func (r *Registry) Report(ctx context.Context, id int64) (wordpress.Report, error) {
	text, err := r.store.report(ctx, id)
	if err != nil {
		return wordpress.Report{}, fmt.Errorf("sites: report: %w", err)
	}
	var report wordpress.Report
	if text == "" {
		return report, nil
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		return report, fmt.Errorf("sites: report: %w", err)
	}
	return report, nil
}
