package sites

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/wordpress"
)

// Filter chooses and orders sites for a list; a zero field does not filter. Without State, retired sites are left out.
type Filter struct {
	Query      string // part of a name, an address, a user name, a client or a tag, in any case
	Clients    []string
	Tags       []string
	State      State
	Credential time.Time // stored before; zero: whenever

	Certificate time.Time // ends before; zero: whenever
	Cache       string    // the cache's state, or NotKnown
	Plugin      string    // the cache plugin's version, or NotKnown
	WordPress   string    // its version, or NotKnown
	Sort        string    // name (default), or another one of orders and versions
	Descending  bool
	Limit       int // 0: all
	Offset      int
}

// Reported tells whether the filter keeps the site by what checks and runs found of it, whatever else the filter says.
func (f Filter) Reported(s Site) bool {
	for _, c := range [][2]string{{f.Cache, s.CacheState}, {f.Plugin, s.PluginVersion}, {f.WordPress, s.WordPressVersion}} {
		if c[0] != "" && stored(c[0]) != c[1] {
			return false
		}
	}
	old := !s.Credential.CreatedAt.IsZero() && s.Credential.CreatedAt.Before(f.Credential)
	ends := !s.CertificateEnds.IsZero() && s.CertificateEnds.Before(f.Certificate)
	return (f.Credential.IsZero() || old) && (f.Certificate.IsZero() || ends)
}

// everySite tells whether the filter leaves out retired sites only.
func (f Filter) everySite() bool {
	f.Sort, f.Descending, f.Limit, f.Offset = "", false, 0, 0
	return reflect.ValueOf(f).IsZero()
}

// storable tells whether a site can have what the filter asks for: no text that is stored holds what PostgreSQL refuses, and SQLite takes for
// the end of a text.
func (f Filter) storable() bool {
	texts := slices.Concat(f.Clients, f.Tags, []string{string(f.State), f.Query, f.Cache, f.Plugin, f.WordPress})
	return len(f.Query) <= longestWords && !slices.ContainsFunc(texts, func(text string) bool { return !utf8.ValidString(text) || strings.Contains(text, "\x00") })
}

// NotKnown is the value of a filter for the sites of which no check and no run has told that yet.
const NotKnown = "not-known"

// Count is how many sites share a value.
type Count struct {
	Value string
	Sites int64
}

// Facets are the values that a list can be filtered by, with the number of sites each has.
type Facets struct {
	Clients, Tags, States      []Count
	Caches, Plugins, WordPress []Count // versions: the newest first
}

// Site returns one site, or ErrNoSite. Asking for one that is beyond the actor's reach is recorded, and answered as if there were none.
func (r *Registry) Site(ctx context.Context, actor access.Actor, id int64) (Site, error) {
	found, err := r.store.byIDs(ctx, []int64{id})
	if err != nil {
		return Site{}, err
	}
	if len(found) == 0 {
		return Site{}, ErrNoSite
	}
	if err := r.reached(ctx, actor, found[0]); err != nil {
		return Site{}, err
	}
	return found[0], nil
}

// Within returns the site where it is in the actor's scope, else ErrNoSite. It is for showing what belongs to it, and records nothing.
func (r *Registry) Within(ctx context.Context, actor access.Actor, id int64) (Site, error) {
	found, err := r.store.byIDs(ctx, []int64{id})
	if err != nil || len(found) == 0 || !within(actor, found[0]) {
		return Site{}, errors.Join(ErrNoSite, err)
	}
	return found[0], nil
}

// reached returns ErrNoSite, and records the refusal, where the site is beyond the actor's reach.
func (r *Registry) reached(ctx context.Context, actor access.Actor, s Site) error {
	if within(actor, s) {
		return nil
	}
	return errors.Join(ErrNoSite, r.log.Refuse(ctx, actor, access.SiteRead, access.On("site", s.ID), "reach"))
}

func within(actor access.Actor, s Site) bool { return actor.Scope.Site(s.Client, s.Tags) }

// ByHome returns the site with the address, however it is written, or ErrNoSite as Site does.
func (r *Registry) ByHome(ctx context.Context, actor access.Actor, address string) (Site, error) {
	home, err := wordpress.ParseHome(address)
	if err != nil {
		return Site{}, err
	}
	s, found, err := r.store.byHome(ctx, home)
	if err != nil {
		return Site{}, err
	}
	if !found {
		return Site{}, ErrNoSite
	}
	if err := r.reached(ctx, actor, s); err != nil {
		return Site{}, err
	}
	return s, nil
}

// Names are what the sites are called, by their ids, also of retired ones. Those beyond the actor's scope have none.
func (r *Registry) Names(ctx context.Context, actor access.Actor, ids []int64) (map[int64]string, error) {
	within, values := InScope(actor.Scope, "sites.id")
	var rows []siteRow
	err := r.store.db.WithContext(ctx).Select("id", "name").Where(database.In(r.store.db, "sites.id", ids)).Where(within, values...).Find(&rows).Error
	names := make(map[int64]string, len(rows))
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	return names, err
}

// Sites returns the sites of a list's page and how many match in all, of those within the actor's reach.
func (r *Registry) Sites(ctx context.Context, actor access.Actor, f Filter) ([]Site, int64, error) {
	total, err := r.store.count(ctx, actor.Scope, f)
	if err != nil {
		return nil, 0, err
	}
	page, err := r.store.list(ctx, actor.Scope, f)
	return page, total, err
}

// Count counts the sites within the actor's scope that the filter leaves.
func (r *Registry) Count(ctx context.Context, actor access.Actor, f Filter) (int64, error) {
	return r.store.count(ctx, actor.Scope, f)
}

// Facets counts the sites within the actor's reach by client, tag and state.
func (r *Registry) Facets(ctx context.Context, actor access.Actor) (Facets, error) {
	return r.store.facets(ctx, actor.Scope, Filter{})
}

// Clients lists the names of the clients that have sites within the actor's reach.
func (r *Registry) Clients(ctx context.Context, actor access.Actor) ([]string, error) {
	return r.store.clientNames(ctx, actor.Scope)
}

// States counts the sites within the actor's reach by state, without those that are retired.
func (r *Registry) States(ctx context.Context, actor access.Actor) (map[State]int64, error) {
	found, err := r.store.facetsWithoutTags(ctx, actor.Scope, Filter{})
	states := make(map[State]int64, len(found.States))
	for _, c := range found.States {
		states[State(c.Value)] = c.Sites
	}
	delete(states, Retired)
	return states, err
}

// FacetsOf is Facets of the sites that the filter leaves. What a facet counts is narrowed by the others, not by itself: choosing another
// client shows as many sites as its count says.
func (r *Registry) FacetsOf(ctx context.Context, actor access.Actor, f Filter) (Facets, error) {
	return r.store.facets(ctx, actor.Scope, f)
}

// CountSealed counts the stored credentials: without the key that sealed them, none can be opened.
func CountSealed(ctx context.Context, db *database.DB) (int64, error) {
	credentials, err := store{db: db.Gorm}.countCredentials(ctx)
	if err != nil {
		return 0, err
	}
	pending, err := store{db: db.Gorm}.countPending(ctx)
	return credentials + pending, err
}

// CountSealedByOthers counts the credentials, the new passwords of rotations that have not ended, and the files that wait for their import, that a key other
// than the given one sealed.
func CountSealedByOthers(ctx context.Context, db *database.DB, key uint32) (n int64, err error) {
	credentials, err := store{db: db.Gorm}.sealedByOthers(ctx, key, -1)
	if err != nil {
		return 0, err
	}
	uploads, err := store{db: db.Gorm}.uploadsSealedByOthers(ctx, key)
	if err != nil {
		return 0, err
	}
	pending, err := store{db: db.Gorm}.rotationsSealedByOthers(ctx, key)
	return int64(len(credentials) + len(uploads) + len(pending)), err
}

// Administrators counts the sites within the actor's reach that are spoken to with an administrator's credential.
func (r *Registry) Administrators(ctx context.Context, actor access.Actor) (int, error) {
	return r.store.administrators(ctx, actor.Scope)
}

// visibleSites returns the sites of the rows that are in the actor's scope, by their IDs.
func visibleSites[T any](ctx context.Context, from store, actor access.Actor, rows []T, site func(T) int64) (map[int64]Site, error) {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = site(row)
	}
	found, err := from.byIDs(ctx, ids)
	visible := make(map[int64]Site, len(found))
	for _, s := range found {
		if within(actor, s) {
			visible[s.ID] = s
		}
	}
	return visible, err
}
