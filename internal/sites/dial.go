package sites

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// Dial returns a client that speaks to the site with its credential. Nothing is sent yet. It returns ErrNoCredential for a site
// that has none, and ErrSealed where the stored one does not open.
func (r *Registry) Dial(ctx context.Context, s Site) (*wordpress.Client, error) {
	clients, failed, err := r.DialAll(ctx, []Site{s})
	if err == nil {
		err = failed[s.ID]
	}
	if err != nil {
		return nil, fmt.Errorf("sites: dial %s: %w", s.Home, err)
	}
	return clients[s.ID], nil
}

// DialAll is Dial for many sites. The answers are by site ID: a client, or why there is none. Err is a failure that is none of a site's.
func (r *Registry) DialAll(ctx context.Context, chosen []Site) (clients map[int64]*wordpress.Client, failed map[int64]error, err error) {
	ids := make([]int64, len(chosen))
	for i, s := range chosen {
		ids[i] = s.ID
	}
	sealed, err := r.store.credentials(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	clients, failed = make(map[int64]*wordpress.Client, len(chosen)), map[int64]error{}
	for _, s := range chosen {
		c, found := sealed[s.ID]
		if !found {
			failed[s.ID] = ErrNoCredential
			continue
		}
		password, err := r.vault.Open(c.Sealed, binding(s.ID, s.Home))
		switch {
		case errors.Is(err, vault.ErrOpen):
			failed[s.ID] = fmt.Errorf("%w: %w", ErrSealed, err)
		case err != nil:
			return nil, nil, fmt.Errorf("sites: dial %s: %w", s.Home, err)
		default:
			clients[s.ID] = r.network.Client(s.address(), c.Username, password.Reveal())
		}
	}
	return clients, failed, nil
}

// URL is where a request would be sent, for showing it before.
func (r *Registry) URL(s Site, request wordpress.Request) (string, error) {
	return r.network.Client(s.address(), "", "").URL(request)
}

// locationKept is how long a location is good. A blog of a network that is deleted is soon answered by another site.
const locationKept = 24 * time.Hour

// Located is a site with a client that knows where its REST API is, or why nothing may be sent there.
type Located struct {
	Site    Site
	Client  *wordpress.Client
	Verdict wordpress.Verdict // without an outcome, the request may be sent
}

// Locate makes sure that the site that answers at the site's address is the site, and finds its REST API where that is elsewhere than
// expected. Where that was seen lately, nothing is sent.
func (r *Registry) Locate(ctx context.Context, actor access.Actor, s Site, client *wordpress.Client) (Located, error) {
	if time.Since(s.LocatedAt) < locationKept {
		return Located{Site: s, Client: client}, nil
	}
	at, verdict := client.Locate(ctx)
	if at.Root == "" || ctx.Err() != nil {
		return Located{s, client, verdict}, nil
	}
	before := s
	s.Root, s.ReportedHome, s.LocatedAt, s.CachePlugins = at.Root, at.Home, time.Now(), pluginsSeen(s, at.Namespaces)
	located := Located{Site: s, Client: client.WithRoot(at.Root)}
	if err := r.log.Authorize(ctx, actor, access.SiteDetect, access.On("site", s.ID)); err != nil {
		return located, err
	}
	err := r.storeInTurn(ctx, actor, func(w write) error {
		if err := w.storeCachePlugins(before, s.CachePlugins); err != nil {
			return err
		}
		if at.Root != before.address().UsualRoot() && at.Root != before.Root {
			detail := map[string]any{"home": s.Home, "root": map[string]any{"before": before.Root, "after": at.Root}}
			if err := w.record(access.SiteDetect, s.ID, detail); err != nil {
				return err
			}
		}
		return w.setLocation(before, at)
	})
	if err != nil {
		return located, fmt.Errorf("sites: locate: %w", err)
	}
	return located, nil
}

// storeInTurn is a change that waits for its place among the many of a run.
func (r *Registry) storeInTurn(ctx context.Context, actor access.Actor, f func(write) error) error {
	select {
	case r.storing <- struct{}{}:
		defer func() { <-r.storing }()
		return r.store.change(ctx, actor, f)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pluginsSeen are the site's cache plugins once an index named these namespaces. An index without one of them takes none away: some plugins
// leave names out of it, and a check asks further.
func pluginsSeen(s Site, namespaces []string) string {
	active := cacheplugin.In(namespaces)
	if len(active) == 0 && (len(namespaces) == 0 || s.CachePlugins != "") {
		return s.CachePlugins
	}
	return cacheplugin.Stored(active)
}

// StoreCachePlugins stores which cache plugins the namespaces of the site's index show, and returns the site with them.
func (r *Registry) StoreCachePlugins(ctx context.Context, actor access.Actor, s Site, namespaces []string) (Site, error) {
	before := s
	s.CachePlugins = pluginsSeen(s, namespaces)
	if err := r.log.Authorize(ctx, actor, access.SiteDetect, access.On("site", s.ID)); err != nil {
		return s, err
	}
	if err := r.storeInTurn(ctx, actor, func(w write) error { return w.storeCachePlugins(before, s.CachePlugins) }); err != nil {
		return s, fmt.Errorf("sites: cache plugins: %w", err)
	}
	return s, nil
}

// storeCachePlugins stores the cache plugins, and records it where they are others than those that were known. What is recorded comes before
// what is stored, see takeTurn.
func (w write) storeCachePlugins(before Site, plugins string) error {
	if plugins == before.CachePlugins {
		return nil
	}
	if before.CachePlugins != "" {
		detail := map[string]any{"home": before.Home, "cache_plugins": map[string]any{"before": before.CachePlugins, "after": plugins}}
		if err := w.record(access.SiteDetect, before.ID, detail); err != nil {
			return err
		}
	}
	return w.setCachePlugins(before, plugins)
}

// Limits returns how many requests may be under way at once, in all and to one address.
func (r *Registry) Limits() (total, perAddress int) { return r.network.Limits() }
