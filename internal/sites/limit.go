package sites

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	Step                         LimitStep
	Username, Role, PasswordName string
	Finding, Fix                 string // what stood in the way, where it failed
	AskedBy                      string
	AskedAt, EndedAt             time.Time
}

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
// is deleted again, and what may be left is named. A second call goes on with a user that an earlier one left behind.
func (r *Registry) LimitUser(ctx context.Context, actor access.Actor, id int64, admin AdminLogin) (LimitedUser, error) {
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
	o := &limiting{Registry: r, actor: actor, site: s}
	if err := o.open(ctx, admin); err != nil {
		return LimitedUser{}, err
	}
	// What is begun is ended or taken back, whoever goes away: the administrator's password is here this once.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
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
}

// open signs in as the administrator, and makes sure that the site is the one that is meant and has a cache to clear. Nothing is changed.
func (o *limiting) open(ctx context.Context, admin AdminLogin) error {
	client, p, err := o.adminClient(ctx, admin)
	if err != nil {
		return err
	}
	active, known := cacheplugin.FromStored(o.site.CachePlugins)
	if !known || len(active) == 0 {
		p["username"] = "Drover has not found a cache plugin on this site, so it cannot limit a user to clearing the cache. Check the site first."
	}
	if err := p.OrNil(); err != nil {
		return err
	}
	o.plugin = active[len(active)-1]
	located, err := o.Locate(ctx, o.actor, o.site, client)
	if err != nil {
		return err
	}
	if located.Verdict.Outcome != "" {
		return limitProblem(located.Verdict)
	}
	o.site, o.admin = located.Site, located.Client
	id, may, v := o.admin.ManagesUsers(ctx)
	switch {
	case v.Outcome != wordpress.OK:
		return limitProblem(v)
	case !may:
		return validation.Problems{"username": "This user cannot create users: the capability create_users is missing. Enter an administrator's credential."}
	}
	o.adminID = id
	return nil
}

func (o *limiting) adminClient(ctx context.Context, admin AdminLogin) (*wordpress.Client, validation.Problems, error) {
	if admin.Username == "" && admin.Password.Reveal() == "" {
		client, err := o.Dial(ctx, o.site)
		return client, validation.Problems{}, err
	}
	username, password, p := CleanCredential(admin.Username, admin.Password)
	return o.network.Client(o.site.address(), username, password.Reveal()), p, nil
}

func limitProblem(v wordpress.Verdict) validation.Problems {
	if needsReconnect(v.Reason) {
		return validation.Problems{"application_password": "WordPress did not accept the username or the application password."}
	}
	finding, fix := wordpress.CheckWords(v.Reason)
	return validation.Problems{"username": strings.Join(strings.Fields(finding+" "+v.Note+" "+fix), " ")}
}

// run makes the user, its password and its role, and stores the credential.
func (o *limiting) run(ctx context.Context) error {
	before, found, err := o.store.limitOf(ctx, o.site.ID)
	if err != nil {
		return err
	}
	o.row = limitRow{SiteID: o.site.ID, Origin: wordpress.Origin(o.site.Home), Username: newLogin(), AskedBy: o.actor.Name,
		AskedAt: time.Now().UnixMicro(), PasswordName: nextPasswordName("Drover", time.Now()), Role: limitedRoles[0]}
	if found && before.Step != LimitDone && before.Step != LimitFailed && before.Origin == o.row.Origin {
		o.row.Username = before.Username
	}
	for _, step := range []struct {
		name LimitStep
		do   func(context.Context) wordpress.Verdict
	}{{LimitCreatingUser, o.createUser}, {LimitCreatingPassword, o.createPassword}, {LimitChoosingRole, o.chooseRole}} {
		if err := o.save(ctx, step.name); err != nil {
			return err
		}
		if err := o.crashes("limit " + string(step.name)); err != nil {
			return err
		}
		if v := step.do(ctx); v.Outcome != wordpress.OK {
			return o.takeBack(ctx, v)
		}
	}
	return o.storeCredential(ctx)
}

// newLogin is a name that networks take too: small letters and digits.
func newLogin() string { return "drover" + strings.ToLower(rand.Text()[:8]) }

// save stores the step that comes next, and records it.
func (o *limiting) save(ctx context.Context, step LimitStep) error {
	row := o.row
	row.Step = step
	if step.Over() {
		row.EndedAt = time.Now().UnixMicro()
	}
	err := o.store.change(ctx, o.actor, func(w write) error {
		if _, err := w.site(access.SiteLimit, o.site.ID); err != nil {
			return err
		}
		if err := w.record(access.SiteLimit, o.site.ID, map[string]any{"home": o.site.Home, "step": string(step), "username": row.Username, "role": row.Role,
			"password_name": row.PasswordName, "finding": row.Finding}); err != nil {
			return err
		}
		return w.putLimit(row)
	})
	if err == nil {
		o.row = row
	}
	return err
}

func (o *limiting) createUser(ctx context.Context) wordpress.Verdict {
	id, v := o.admin.FindUser(ctx, o.row.Username)
	if v.Outcome == wordpress.OK && id == "" {
		id, v = o.admin.CreateUser(ctx, o.row.Username, o.row.Username+"@drover.invalid", rand.Text()+rand.Text(), limitedRoles[0])
	} else if v.Outcome == wordpress.OK {
		v = o.admin.SetRole(ctx, id, limitedRoles[0])
	}
	o.row.UserID = id
	return v
}

func (o *limiting) createPassword(ctx context.Context) (v wordpress.Verdict) {
	o.made, v = o.admin.CreatePasswordFor(ctx, o.row.UserID, o.row.PasswordName)
	return v
}

func (o *limiting) limitedClient() *wordpress.Client {
	return o.network.Client(o.site.address(), o.row.Username, o.made.Reveal())
}

// chooseRole gives the user the least role with which WordPress lets it clear the cache. It asks, and clears nothing.
func (o *limiting) chooseRole(ctx context.Context) wordpress.Verdict {
	client := o.limitedClient()
	own, v := client.OwnPassword(ctx)
	if v.Outcome != wordpress.OK {
		return v
	}
	if own.UUID != o.made.UUID || own.UserID != o.row.UserID {
		return wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonUnclear, Note: "The new password signed in a different user."}
	}
	for i, role := range limitedRoles {
		if o.row.Role = role; i > 0 {
			if v := o.admin.SetRole(ctx, o.row.UserID, role); v.Outcome != wordpress.OK {
				return v
			}
		}
		may, known := client.Allows(ctx, o.plugin.Clear.Method, o.plugin.Clear.Path)
		switch {
		case !known:
			return wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonUnclear, Note: "The site does not report what a user can do."}
		case may:
			return v
		}
	}
	return wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonForbidden, Code: noRoleMayPurge}
}

const noRoleMayPurge = "no_role_may_purge"

// storeCredential makes the limited user's password the site's credential.
func (o *limiting) storeCredential(ctx context.Context) error {
	if err := o.save(ctx, LimitStoring); err != nil {
		return err
	}
	if err := o.crashes("limit storing"); err != nil {
		return err
	}
	if err := o.ReplaceCredential(ctx, o.actor, o.site.ID, o.row.Username, vault.NewSecret(o.made.Reveal())); err != nil {
		return errors.Join(err, o.takeBack(ctx, wordpress.Verdict{Outcome: wordpress.Failed, Note: "The credential could not be stored."}))
	}
	return o.save(ctx, LimitDone)
}

// takeBack deletes the user again, and names it where that is not possible.
func (o *limiting) takeBack(ctx context.Context, v wordpress.Verdict) error {
	o.row.Finding, o.row.Fix = limitWords(v, o.plugin)
	id, found := o.row.UserID, wordpress.Verdict{Outcome: wordpress.OK}
	if id == "" {
		id, found = o.admin.FindUser(ctx, o.row.Username)
	}
	switch {
	case found.Outcome == wordpress.OK && id == "":
		return o.save(ctx, LimitFailed)
	case found.Outcome == wordpress.OK && o.admin.DeleteUser(ctx, id, o.adminID).Outcome == wordpress.OK:
		return o.save(ctx, LimitFailed)
	case found.Outcome == wordpress.OK:
		o.admin.SetRole(ctx, id, "") // a network deletes no users over REST: one without a role may do nothing
	}
	o.row.Fix = strings.TrimSpace(o.row.Fix + " The user " + o.row.Username + " may still exist on the site. Delete it there, under Users.")
	return o.save(ctx, LimitLeftBehind)
}

func limitWords(v wordpress.Verdict, p cacheplugin.Plugin) (finding, fix string) {
	switch {
	case v.Code == noRoleMayPurge:
		return "No role below administrator can clear the cache of " + p.Name + " here: it requires the capability manage_options, unless its settings let " +
			"another role purge.", p.Access
	case slices.Contains([]string{"rest_cannot_create_user", "rest_user_cannot_create"}, v.Code):
		return "WordPress does not let this user create users: the capability create_users is missing. On a network, only a super admin has it.",
			"Enter a super admin's credential."
	case v.Reason == "":
		return v.Note, ""
	}
	finding, fix = wordpress.CheckWords(v.Reason)
	return strings.TrimSpace(finding + " " + v.Note), fix
}
