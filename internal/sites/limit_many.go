package sites

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// LimitOrder is an order of limited users for several sites. The administrators' logins are not stored.
type LimitOrder struct {
	Sites    []int64
	Admin    AdminLogin           // for sites without one of their own; the zero value means the stored credential of each
	Admins   map[int64]AdminLogin // by site
	Requests []wordpress.Request  // the new credentials are asked whether they may send these
}

// AdminOf returns the login with which the limited user of a site is made.
func (o LimitOrder) AdminOf(site int64) AdminLogin {
	if own, is := o.Admins[site]; is {
		return own
	}
	return o.Admin
}

// How limited users of many sites are made: so many sites at once. Those that wait for their turn stay leased for longer than some sites take.
const (
	limitsAtOnce   = 8
	limitWaitLease = 10 * time.Minute
)

// OrderLimitedUsers orders limited users for several sites, with an audit entry for each, and returns the work and how many sites it is for. A site
// on which one is being made stays as it is. The work needs the administrators' logins, which are in its memory alone: what it has not finished when the
// process ends is shown as interrupted, and is ordered again.
func (r *Registry) OrderLimitedUsers(ctx context.Context, actor access.Actor, o LimitOrder) (work func(context.Context) error, ordered int, err error) {
	var ids []int64
	asked := time.Now().Truncate(time.Microsecond)
	err = r.mark(ctx, actor, access.SiteLimit, o.Sites, func(w write, s Site) (bool, error) {
		before, found, err := w.reading().limitOf(ctx, s.ID)
		if err != nil || found && before.leased(w.now) {
			return false, err
		}
		ids = append(ids, s.ID)
		return true, w.putLimit(before.next(s, actor.Name, asked, w.now.Add(limitWaitLease)))
	})
	if err != nil {
		return nil, 0, err
	}
	actor = actor.Detached()
	return func(ctx context.Context) error { return r.workLimits(ctx, actor, o, ids, asked) }, len(ids), nil
}

// next is the row of a new order. A user that may have been left on the site stays named.
func (r limitRow) next(s Site, by string, asked, until time.Time) limitRow {
	row := limitRow{SiteID: s.ID, Step: LimitWaiting, Origin: wordpress.Origin(s.Home), AskedBy: by, AskedAt: asked.UnixMicro(), LeaseUntil: until.UnixMicro()}
	if r.Origin == row.Origin && (r.limited().Begun() || r.Username == s.Credential.Username) {
		row.Username, row.UserID, row.Role = r.Username, r.UserID, r.Role
	}
	return row
}

func (r *Registry) workLimits(ctx context.Context, actor access.Actor, o LimitOrder, ids []int64, asked time.Time) error {
	var group errgroup.Group
	group.SetLimit(limitsAtOnce)
	var guard sync.Mutex
	leased := time.Now()
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			err := r.limitOne(ctx, actor, o, id, asked)
			guard.Lock()
			defer guard.Unlock()
			if err == nil && time.Since(leased) >= r.renewAfter {
				leased = time.Now()
				err = r.store.leaseLimits(context.WithoutCancel(ctx), asked, leased.Add(limitWaitLease).UnixMicro())
			}
			return err
		})
	}
	err := group.Wait()
	return errors.Join(err, r.store.leaseLimits(context.WithoutCancel(ctx), asked, 0)) // nobody goes on with those that still wait
}

// limitOne makes the limited user of one site, and stores what came of it. A panic over an answer that nobody thought of costs this site alone.
func (r *Registry) limitOne(ctx context.Context, actor access.Actor, o LimitOrder, id int64, asked time.Time) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("sites: limit: panic: %v\n%s", caught, debug.Stack())
		}
	}()
	before, err := r.Site(ctx, actor, id)
	if err != nil {
		return r.endLimit(ctx, id, asked, err)
	}
	row, _, err := r.store.limitOf(ctx, id)
	if err != nil {
		return err
	}
	if row.Username != "" && row.Username == before.Credential.Username && before.State.Good() {
		return r.keepLimited(ctx, id, asked, o.Requests)
	}
	u, err := r.limitUser(ctx, &limiting{Registry: r, actor: actor, askedAt: asked, more: len(o.Requests) > 0}, id, o.AdminOf(id))
	if err != nil {
		return r.endLimit(ctx, id, asked, err)
	}
	if u.Step != LimitDone {
		return nil
	}
	if _, err := r.checkSafely(ctx, actor, id); err != nil && ctx.Err() == nil {
		return fmt.Errorf("sites: limit: %w", err)
	}
	return r.storePermissions(ctx, id, asked, o.Requests)
}

// endLimit stores why no user was made. Whoever asked may not even see the site any more, so Drover itself does it.
func (r *Registry) endLimit(ctx context.Context, id int64, asked time.Time, cause error) error {
	finding := ""
	p, is := errors.AsType[validation.Problems](cause)
	switch {
	case is:
		finding = strings.TrimSpace(p["form"] + " " + p["username"] + " " + p["application_password"])
	case errors.Is(cause, access.ErrForbidden), errors.Is(cause, ErrNoSite):
		finding = "The person who ordered this may not do it any more."
	case errors.Is(cause, ErrNoCredential):
		finding = "The site has no stored credential, and no administrator's was entered for it."
	case errors.Is(cause, ErrSealed):
		finding = "The stored credential cannot be decrypted."
	default:
		return cause
	}
	found, err := r.store.byIDs(context.WithoutCancel(ctx), []int64{id})
	if err != nil {
		return err
	}
	return r.changeLimit(ctx, id, asked, func(row *limitRow) {
		row.Step, row.Finding = LimitFailed, finding
		inUse := len(found) == 1 && found[0].Credential.Username == row.Username
		if row.Username != "" && !inUse {
			row.Step, row.Fix = LimitLeftBehind, mayExist(row.Username)
		}
	})
}

// keepLimited ends an order for a site whose credential is of a limited user already.
func (r *Registry) keepLimited(ctx context.Context, id int64, asked time.Time, requests []wordpress.Request) error {
	err := r.changeLimit(ctx, id, asked, func(row *limitRow) {
		row.Step, row.Finding = LimitDone, "Already limited. Nothing was changed."
	})
	if err != nil {
		return err
	}
	return r.storePermissions(ctx, id, asked, requests)
}

func (r *Registry) changeLimit(ctx context.Context, id int64, asked time.Time, change func(*limitRow)) error {
	return r.store.change(context.WithoutCancel(ctx), access.System(), func(w write) error {
		if err := w.takeTurn(access.SiteLimit, access.On("site", id)); err != nil {
			return err
		}
		row, found, err := w.reading().limitOf(ctx, id)
		if err != nil || !found || row.AskedAt != asked.UnixMicro() || row.Step.Over() {
			return err
		}
		change(&row)
		row.EndedAt, row.LeaseUntil = w.now.UnixMicro(), 0
		if err := w.record(access.SiteLimit, id, map[string]any{"step": string(row.Step), "username": row.Username, "finding": row.Finding,
			"asked_by": row.AskedBy}); err != nil {
			return err
		}
		return w.putLimit(row)
	})
}

// storePermissions asks what the credential may do, and stores it. A site that does not say is no error.
func (r *Registry) storePermissions(ctx context.Context, id int64, asked time.Time, requests []wordpress.Request) error {
	if len(requests) == 0 || ctx.Err() != nil {
		return nil
	}
	s, err := r.Site(ctx, access.System(), id)
	if err != nil {
		return err
	}
	found, err := r.Permissions(ctx, access.System(), s, requests)
	if err != nil {
		return fmt.Errorf("sites: limit: %w", err)
	}
	all := make(map[string]Permission, len(requests))
	for i, request := range requests {
		all[PermissionKey(request)] = found[i]
	}
	return r.store.putPermissions(ctx, id, asked, all)
}

// PermissionKey tells one request's permission from another's.
func PermissionKey(request wordpress.Request) string { return request.Method + " " + request.Path }

// LimitedUsers lists the limited users of sites in the actor's scope: first what needs a person, then what is under way, then what is done.
func (r *Registry) LimitedUsers(ctx context.Context, actor access.Actor) ([]LimitedUser, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteLimit, ""); err != nil {
		return nil, err
	}
	rows, err := r.store.limits(ctx)
	if err != nil {
		return nil, err
	}
	visible, err := visibleSites(ctx, r.store, actor, rows, func(row limitRow) int64 { return row.SiteID })
	if err != nil {
		return nil, err
	}
	var all []LimitedUser
	for _, row := range rows {
		if s, is := visible[row.SiteID]; is {
			u := row.limited()
			u.Site = s
			all = append(all, u)
		}
	}
	slices.SortStableFunc(all, func(a, b LimitedUser) int { return cmp.Compare(a.order(), b.order()) })
	return all, nil
}

func (u LimitedUser) order() int {
	if u.Interrupted {
		return 1
	}
	return slices.Index([]LimitStep{LimitLeftBehind, "", LimitFailed, LimitCreatingUser, LimitCreatingPassword, LimitChoosingRole, LimitStoring, LimitWaiting,
		LimitDone}, u.Step)
}

// ReadAdmins reads a table of administrators' logins, one for each of the chosen sites: url, username, application_password. Lines that cannot be
// used, or belong to none of the sites, come back with their reason.
func ReadAdmins(file io.Reader, chosen []Site) (map[int64]AdminLogin, []Line, error) {
	drafts, lines, err := readImport(file)
	if err != nil {
		return nil, nil, err
	}
	byKey := make(map[string]int64, len(chosen))
	for _, s := range chosen {
		byKey[wordpress.SiteKey(s.Home)] = s.ID
	}
	admins, unused := map[int64]AdminLogin{}, []Line{}
	for i, line := range lines {
		id, is := byKey[wordpress.SiteKey(drafts[i].URL)]
		switch {
		case !line.Stored():
			unused = append(unused, line)
		case !is:
			line.Result, line.Reason = LineBad, "This site is not among the selected sites."
			unused = append(unused, line)
		default:
			admins[id] = AdminLogin{Username: drafts[i].Username, Password: drafts[i].Password}
		}
	}
	return admins, unused, nil
}
