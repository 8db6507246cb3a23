package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// step is what came of one of a target's several requests.
type step struct {
	plugin  string
	verdict wordpress.Verdict
}

// noPlugin ends a target where there is nothing to clear.
var noPlugin = wordpress.Verdict{Outcome: wordpress.Skipped, Reason: wordpress.ReasonNotApplicable,
	Note: "No supported cache plugin is active on this site."}

// inSteps sends a target's requests one after the other. Where the site's plugins are not known, it asks for them first.
func (b *batch) inSteps(ctx context.Context, t *runs.Target, at sites.Located, g *gate) (verdict wordpress.Verdict, stopped error) {
	client := at.Client.Through(g.network())
	site := at.Site
	if site.CachePlugins == "" {
		var over bool
		if site, verdict, over, stopped = b.detectPlugins(ctx, t, client, site); over {
			return verdict, stopped
		}
	}
	planned := b.plan.Steps(site.Planned())
	if len(planned) == 0 {
		return noPlugin, nil
	}
	var pages *sampling
	if b.verify {
		pages = b.before(ctx, *t, client, planned[0].Request)
	}
	done, stopped := b.sendSteps(ctx, t, client, planned)
	if stopped != nil {
		return wordpress.Verdict{}, stopped
	}
	return proven(ctx, t, pages, done), nil
}

// detectPlugins asks the site's index which cache plugins are active, as an attempt of its own. It is over where that cannot be told.
func (b *batch) detectPlugins(ctx context.Context, t *runs.Target, client *wordpress.Client, s sites.Site) (_ sites.Site, v wordpress.Verdict, over bool,
	stopped error) {
	x, v, stopped := b.newSending(t, client, wordpress.NamespacesRequest()).untilFinal(ctx, t.Attempts)
	if stopped != nil || v.Outcome != wordpress.OK {
		return s, v, true, stopped
	}
	namespaces := wordpress.NamespacesIn(x)
	if len(namespaces) == 0 {
		return s, wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonRefused, Status: v.Status,
			Note: "The site's REST index lists no plugins, so Drover cannot tell which cache to clear. Run the operation of the site's own plugin."}, true, nil
	}
	s, err := b.engine.registry.StoreCachePlugins(ctx, access.System(), s, namespaces)
	if err != nil && ctx.Err() == nil {
		b.engine.logger.ErrorContext(ctx, "a site's cache plugins could not be stored", "err", err, "site", s.ID)
	}
	return s, v, false, nil
}

// sendSteps ends early where what went wrong is not about one plugin.
func (b *batch) sendSteps(ctx context.Context, t *runs.Target, client *wordpress.Client, planned []operation.Step) (done []step, stopped error) {
	var took time.Duration
	for _, each := range planned {
		_, v, stopped := b.newSending(t, client, each.Request).untilFinal(ctx, 0)
		if errors.Is(stopped, errCancelled) && len(done) > 0 {
			return append(done, step{each.Plugin, cancelledFirst}), nil
		}
		if stopped != nil {
			return nil, stopped
		}
		took += t.Took
		t.Took = took
		if done = append(done, step{each.Plugin, v}); v.Outcome == wordpress.Failed && !slices.Contains(aboutPlugin, v.Reason) {
			break
		}
	}
	return done, nil
}

// aboutPlugin are the reasons that say nothing of the site's other plugins.
var aboutPlugin = []wordpress.Reason{
	wordpress.ReasonForbidden, wordpress.ReasonInvalidInput, wordpress.ReasonRefused, wordpress.ReasonRateLimited, wordpress.ReasonSiteError,
	wordpress.ReasonNotJSON,
}

// proven is what the steps mean together, once the pages were looked at where some page can show it.
func proven(ctx context.Context, t *runs.Target, pages *sampling, done []step) wordpress.Verdict {
	v := together(done)
	if pages == nil || v.Outcome != wordpress.OK && !v.Unproven {
		return v
	}
	v = pages.after(ctx, t, v)
	switch t.Verified {
	case runs.VerifiedYes:
		for i := range done {
			if done[i].verdict.Unproven {
				done[i].verdict = wordpress.Verdict{Outcome: wordpress.OK, Status: done[i].verdict.Status, Message: done[i].verdict.Message}
			}
		}
		return together(done)
	case runs.VerifiedUnclear:
		if v.Unproven {
			v.Note += " The site's pages do not show it either."
		}
	}
	return v
}

// together is what the steps mean as one. A plugin that the site does not have any more counts only where it is all there is.
func together(done []step) wordpress.Verdict {
	counted := slices.DeleteFunc(slices.Clone(done), func(s step) bool { return s.verdict.Outcome == wordpress.Skipped })
	if len(counted) == 0 {
		counted = done
	}
	has := func(o wordpress.Outcome) int {
		return slices.IndexFunc(counted, func(s step) bool { return s.verdict.Outcome == o })
	}
	v := counted[0].verdict
	switch failed, unknown, part, fine := has(wordpress.Failed), has(wordpress.Unknown), has(wordpress.Partial), has(wordpress.OK); {
	case part >= 0, failed >= 0 && fine >= 0:
		v = wordpress.Verdict{Outcome: wordpress.Partial, Status: counted[max(failed, part)].verdict.Status}
	case unknown >= 0:
		v = counted[unknown].verdict
		v.Unproven = !slices.ContainsFunc(counted, func(s step) bool { return s.verdict.Outcome != wordpress.OK && !s.verdict.Unproven })
	case failed >= 0:
		v = counted[failed].verdict
	}
	v.Note = summary(done)
	return v
}

// summary names each plugin with what came of it.
func summary(done []step) string {
	var cleared, other []string
	for _, s := range done {
		switch v := s.verdict; {
		case v.Outcome == wordpress.OK && v.Note == "":
			cleared = append(cleared, s.plugin)
		case v.Note != "":
			other = append(other, s.plugin+": "+v.Note)
		default:
			other = append(other, s.plugin+": "+v.Reason.Sentence())
		}
	}
	if len(cleared) > 0 {
		other = slices.Insert(other, 0, "Cleared: "+strings.Join(cleared, ", then ")+".")
	}
	return strings.Join(other, " ")
}
