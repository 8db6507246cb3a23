package sites

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// LimitStep is how far the making of a site's limited user has come.
type LimitStep string

// The steps. Each is stored before its request is sent.
const (
	LimitWaiting          LimitStep = "waiting" // for its turn among other sites
	LimitCreatingUser     LimitStep = "creating_user"
	LimitCreatingPassword LimitStep = "creating_password"
	LimitChoosingRole     LimitStep = "choosing_role"
	LimitStoring          LimitStep = "storing"
	LimitDone             LimitStep = "done"
	LimitFailed           LimitStep = "failed"      // nothing is left on the site
	LimitLeftBehind       LimitStep = "left_behind" // the user may be left on the site
)

// Over tells whether nothing of it is under way.
func (s LimitStep) Over() bool { return s == LimitDone || s == LimitFailed || s == LimitLeftBehind }

// LimitedUser is a user that Drover made on a site, with the least role that may clear the cache. It holds no secret.
type LimitedUser struct {
	Site                         Site // of a list
	Step                         LimitStep
	Checking                     bool // it is done, and its permissions are asked for
	Interrupted                  bool // the process that worked on it ended; it goes on when it is ordered again
	Username, Role, PasswordName string
	Finding, Fix                 string // what stood in the way, or is left to do
	AskedBy                      string
	AskedAt, EndedAt             time.Time
	Permissions                  map[string]Permission // of the new credential, by PermissionKey; nil where nobody asked
}

// Begun tells whether the user may exist on the site although it did not become the site's credential.
func (u LimitedUser) Begun() bool {
	return u.Username != "" && u.Step != LimitDone && u.Step != LimitFailed
}

// limitTime bounds the work on one site; limitLease is longer, so that what is leased is worked on.
const (
	limitTime  = 3 * time.Minute
	limitLease = 5 * time.Minute
)

// limitedRoles are the roles that every WordPress has and that are less than an administrator, the least first. Roles cannot be made over REST.
var limitedRoles = []string{"subscriber", "contributor", "author", "editor"}

// AdminLogin is an administrator's credential for one act. It is not stored. The zero value means the site's own credential.
type AdminLogin struct {
	Username string
	Password vault.Secret
}

// Limited returns the last limited user that was made, or begun, for a site that the caller may see, and whether there was one.
func (r *Registry) Limited(ctx context.Context, s Site) (LimitedUser, bool, error) {
	row, found, err := r.store.limitOf(ctx, s.ID)
	return row.limited(), found, err
}

// LimitUser makes a user on the site whose role may do no more than it must to clear the cache, gives it an application password, and makes that the
// site's credential once it works. The least role is found by asking WordPress what each may do; an administrator is never made. Where it fails, the user
// is deleted again, and what may be left is named. A second call goes on with a user that an earlier one left behind. Where the site's credential is of an
// earlier limited user, that one is deleted once the new one took its place.
func (r *Registry) LimitUser(ctx context.Context, actor access.Actor, id int64, admin AdminLogin) (LimitedUser, error) {
	return r.limitUser(ctx, &limiting{Registry: r, actor: actor, askedAt: time.Now()}, id, admin)
}

func (r *Registry) limitUser(ctx context.Context, o *limiting, id int64, admin AdminLogin) (LimitedUser, error) {
	actor := o.actor
	if err := r.log.Authorize(ctx, actor, access.SiteLimit, access.On("site", id)); err != nil {
		return LimitedUser{}, err
	}
	s, err := r.Site(ctx, actor, id)
	if err != nil {
		return LimitedUser{}, err
	}
	if err := r.mayReplace(ctx, actor, s); err != nil {
		return LimitedUser{}, err
	}
	o.site = s
	if err := o.open(ctx, admin); err != nil {
		return LimitedUser{}, err
	}
	// What is begun is ended or taken back, whoever goes away: the administrator's password is here this once.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limitTime)
	defer cancel()
	if err := o.run(ctx); err != nil {
		return o.row.limited(), fmt.Errorf("sites: limit: %w", err)
	}
	return o.row.limited(), nil
}

var errRollback = errors.New("sites: only tried")

// mayReplace finds out whether the credential may be replaced without a second person, before a user is made for it.
func (r *Registry) mayReplace(ctx context.Context, actor access.Actor, s Site) error {
	err := r.store.change(ctx, actor, func(w write) error {
		if err := w.record(access.SiteCredential, s.ID, map[string]any{"home": s.Home}); err != nil {
			return err
		}
		return errRollback
	})
	switch {
	case errors.Is(err, errRollback):
		return nil
	case errors.Is(err, access.ErrNeedsApproval):
		return validation.Problems{"username": "This site is protected by the approval policy. Create the user in WordPress, and replace the credential on the " +
			"site's page, so that a second person can approve it."}
	}
	return err
}

// limiting is one limited user that is being made.
type limiting struct {
	*Registry
	actor   access.Actor
	site    Site
	admin   *wordpress.Client
	adminID string
	plugin  cacheplugin.Plugin
	row     limitRow
	made    wordpress.NewApplicationPassword
	askedAt time.Time
	more    bool     // the new credential's permissions are asked for afterwards
	former  limitRow // the limited user that the site's credential is of until now
}
