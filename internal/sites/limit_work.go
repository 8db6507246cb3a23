package sites

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

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
		AskedAt: o.askedAt.UnixMicro(), PasswordName: nextPasswordName("Drover", time.Now()), Role: limitedRoles[0]}
	switch same := found && before.Origin == o.row.Origin; {
	case same && before.Username != "" && before.Username == o.site.Credential.Username:
		o.former = before
	case same && before.limited().Begun():
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
		v := step.do(ctx)
		if err := o.crashes("limit after " + string(step.name)); err != nil {
			return err
		}
		if v.Outcome != wordpress.OK {
			return o.takeBack(ctx, v)
		}
	}
	return o.storeCredential(ctx)
}

// newLogin is a name that networks take too: small letters and digits.
func newLogin() string { return "drover" + strings.ToLower(rand.Text()[:8]) }

// save stores the step that comes next, and records it.
func (o *limiting) save(ctx context.Context, step LimitStep) error {
	return o.saveWith(ctx, step, func(write, Site) error { return nil })
}

var errLimitTwice = validation.Problems{"username": "A limited user is being created on this site right now. Wait for its result."}

// saveWith is save together with another change, which is made first.
func (o *limiting) saveWith(ctx context.Context, step LimitStep, also func(write, Site) error) error {
	row := o.row
	row.Step = step
	err := o.store.change(ctx, o.actor, func(w write) error {
		now, err := w.site(access.SiteLimit, o.site.ID)
		if err != nil {
			return err
		}
		stored, found, err := w.reading().limitOf(ctx, o.site.ID)
		if err != nil {
			return err
		}
		if found && stored.leased(w.now) && stored.AskedAt != row.AskedAt {
			return errLimitTwice
		}
		row.LeaseUntil = w.now.Add(limitLease).UnixMicro()
		if step.Over() {
			row.EndedAt = w.now.UnixMicro()
		}
		if step.Over() && (step != LimitDone || !o.more) {
			row.LeaseUntil = 0
		}
		if err := also(w, now); err != nil {
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
	} else if v.Outcome == wordpress.OK { // left behind, and perhaps with a password that nobody knows
		if v = o.admin.SetRole(ctx, id, limitedRoles[0]); v.Outcome == wordpress.OK {
			v = o.admin.RevokePasswordsOf(ctx, id)
		}
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

// storeCredential makes the limited user's password the site's credential, in the same transaction that ends the work.
func (o *limiting) storeCredential(ctx context.Context) error {
	if err := o.save(ctx, LimitStoring); err != nil {
		return err
	}
	if err := o.crashes("limit storing"); err != nil {
		return err
	}
	d := Draft{URL: o.site.Home, Username: o.row.Username, Password: vault.NewSecret(o.made.Reveal())}
	err := o.saveWith(ctx, LimitDone, func(w write, now Site) error {
		if now.Home != o.site.Home {
			return ErrChanged
		}
		return o.replace(w, now, d)
	})
	if err != nil {
		return errors.Join(err, o.takeBack(ctx, wordpress.Verdict{Outcome: wordpress.Failed, Note: "The credential could not be stored."}))
	}
	if err := o.crashes("limit after storing"); err != nil {
		return err
	}
	return o.deleteFormer(ctx)
}

// deleteFormer deletes the limited user that the new one replaced, unless a run may still sign in as it.
func (o *limiting) deleteFormer(ctx context.Context) error {
	if o.former.UserID == "" || o.former.Username == o.row.Username {
		return nil
	}
	busy := false
	if o.inUse != nil {
		var err error
		if busy, err = o.inUse(ctx, o.site.ID); err != nil {
			return err
		}
	}
	if !busy && o.admin.DeleteUser(ctx, o.former.UserID, o.adminID).Outcome == wordpress.OK {
		return nil
	}
	o.row.Fix = "The earlier user " + o.former.Username + " still exists on the site. Delete it there, under Users."
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
	o.row.Fix = strings.TrimSpace(o.row.Fix + " " + mayExist(o.row.Username))
	return o.save(ctx, LimitLeftBehind)
}

func mayExist(username string) string {
	return "The user " + username + " may still exist on the site. Try again to reuse it, or delete it there, under Users."
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
