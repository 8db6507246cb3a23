package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/engine"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// pastDays is how many days of history a demo has.
const pastDays = 14

// past gives a demo a history: each operation is really run once, and stored again for the days before.
type past struct {
	*app
	at      atomic.Int64 // what the audit log's clock tells, in microseconds; 0: the present
	members map[string]access.Actor
}

// newPast sets the clock back where the demo is new.
func newPast(h *app, isNew bool) *past {
	p := &past{app: h, members: map[string]access.Actor{}}
	h.log.Clock(func() time.Time {
		if at := p.at.Load(); at != 0 {
			return time.UnixMicro(at).UTC()
		}
		return time.Now()
	})
	if isNew {
		p.at.Store(day(pastDays, 5, 40).UnixMicro())
	}
	return p
}

// day is a time of the day so many days ago, in UTC.
func day(ago, hour, minute int) time.Time {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	return today.AddDate(0, 0, -ago).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// pastMembers are those who did things before the demo was opened.
var pastMembers = []members.Member{
	{Email: "mara@agency.example", Name: "Mara Lindqvist", Role: access.Admin}, {Email: "jonas@agency.example", Name: "Jonas Weber", Role: access.Operator},
	{Email: "ines@agency.example", Name: "Inês Carvalho", Role: access.Viewer},
}

// nightly is who checks all sites every morning.
const nightly = "Nightly status check (API token)"

// pastRuns is what was run, by days ago, beside the check of every morning. Without a client, it was on all sites.
var pastRuns = []struct {
	ago, hour, minute   int
	operation, by, for_ string
}{
	{13, 10, 12, "clear-cache", "Mara Lindqvist", "Lindner & Söhne"},
	{12, 16, 41, "clear-opcache", "Jonas Weber", ""},
	{11, 9, 3, "clear-cache", "Jonas Weber", "Granite Law"},
	{10, 9, 5, "clear-cache", "Mara Lindqvist", ""},
	{9, 14, 27, "clear-cache", "Jonas Weber", "Atelier Moreau"},
	{8, 11, 50, "clear-opcache", "Mara Lindqvist", "Northwind Outdoor"},
	{7, 8, 15, "clear-opcache", "Jonas Weber", ""},
	{6, 17, 2, "clear-cache", "Mara Lindqvist", "Northwind Outdoor"},
	{4, 9, 30, "clear-cache", "Demo Owner", ""},
	{3, 13, 45, "clear-cache", "Jonas Weber", "Kestrel Cycles"},
	{2, 10, 20, "clear-opcache", "Mara Lindqvist", ""},
	{1, 9, 10, "clear-cache", "Mara Lindqvist", ""},
	{1, 15, 55, "clear-cache", "Jonas Weber", "Harbour Dental Group"},
}

// fill makes the history, and sets the clock to the present.
func (p *past) fill(ctx context.Context, known []sites.Site) error {
	defer p.at.Store(0)
	shell := access.Actor{Kind: access.KindCommandLine, Name: "drover demo", Role: access.Owner}
	for _, m := range pastMembers {
		if _, err := p.roster.Add(ctx, shell, m, vault.NewSecret(rand.Text())); err != nil {
			return err
		}
	}
	clients, ids := map[int64]string{}, make([]int64, len(known))
	for i, site := range known {
		clients[site.ID], ids[i] = site.Client, site.ID
	}
	if err := errors.Join(p.roster.Backdate(ctx, day(pastDays, 5, 40)), p.registry.Backdate(ctx, day(pastDays, 5, 40), brokeAt)); err != nil {
		return err
	}
	originals, err := p.runOnce(ctx, shell, ids)
	if err != nil {
		return err
	}
	return p.repeat(ctx, originals, clients)
}

// runOnce runs each operation on the sites, all at once, and returns the runs by operation.
func (p *past) runOnce(ctx context.Context, actor access.Actor, ids []int64) (map[string]runs.Run, error) {
	work, err := engine.New(engine.Parts{DB: p.db, Store: p.runner.Store(), Registry: p.registry, Standing: p.roster.Standing, Logger: p.logger})
	if err != nil {
		return nil, err
	}
	if err := work.Work(ctx); err != nil {
		return nil, err
	}
	defer work.Stop(context.WithoutCancel(ctx))
	started := map[string]runs.Run{}
	for _, name := range []string{"status", "clear-opcache", "clear-cache"} {
		spec := runs.Spec{Operation: name, Selection: sites.Selection{IDs: ids}}
		if name == "clear-cache" {
			spec.Params = map[string]string{"purge_type": "all"}
		}
		run, err := p.runner.Start(ctx, actor, spec)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		started[name] = run
	}
	for name, run := range started {
		for s := range runs.NewWatch(p.runner).Follow(ctx, actor, run.ID) {
			started[name] = s.Run
		}
		if err := p.runner.Backdate(ctx, run.ID, day(pastDays, 5, 45)); err != nil {
			return nil, err
		}
	}
	return started, ctx.Err()
}

// repeat stores the runs of the days before, in their order.
func (p *past) repeat(ctx context.Context, originals map[string]runs.Run, clients map[int64]string) error {
	next := 0
	for ago := pastDays; ago >= 0; ago-- {
		if at := day(ago, 6, 0); at.Before(time.Now()) {
			by := access.Actor{Kind: access.KindToken, Name: nightly, Role: access.Operator}
			if err := p.store(ctx, originals["status"], runs.Past{At: at, Actor: by}, sites.Selection{All: true}, clients); err != nil {
				return err
			}
		}
		for ; next < len(pastRuns) && pastRuns[next].ago == ago; next++ {
			r := pastRuns[next]
			by := access.Actor{Kind: access.KindMember, Name: r.by, Role: access.Operator}
			selection := sites.Selection{All: true}
			if r.for_ != "" {
				selection = sites.Selection{Clients: []string{r.for_}}
			}
			if err := p.store(ctx, originals[r.operation], runs.Past{At: day(ago, r.hour, r.minute), Actor: by}, selection, clients); err != nil {
				return err
			}
		}
	}
	return nil
}

// store stores the original once more, at another time, on those of its sites that were selected and whose trouble had begun.
func (p *past) store(ctx context.Context, original runs.Run, as runs.Past, on sites.Selection, clients map[int64]string) error {
	p.at.Store(as.At.UnixMicro())
	as.Of, as.Selection = original.ID, on
	as.Keep = func(t runs.Target) bool {
		selected := on.All || slices.Contains(on.Clients, clients[t.SiteID])
		return selected && (t.Outcome == wordpress.OK || !as.At.Before(brokeAt(t.SiteID)))
	}
	_, err := p.runner.StorePast(ctx, as)
	return err
}

// brokeAt is when the site's trouble began, if it has any: not all did on one day.
func brokeAt(site int64) time.Time { return day(1+int(site*5%(pastDays-1)), 4, int(site*7%60)) }
