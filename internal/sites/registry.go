// Package sites knows what an agency looks after: the sites, their clients, tags and credentials, and what the last check found.
// It is the only door to a credential: Dial puts one into a wordpress.Client and nobody else sees it. What is run on the sites is
// not known here.
package sites

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// Registry keeps the sites.
type Registry struct {
	store   store
	vault   *vault.Vault
	log     *audit.Log
	network *wordpress.Network

	inUse    func(ctx context.Context, site int64) (bool, error)         // whether requests with an old credential may be under way; nil: never
	revoking func(ctx context.Context, is func(vault.Secret) bool) error // called before a password is revoked
	crash    func(at string) error                                       // tests end a rotation here
	storing  chan struct{}                                               // places to store what a request found of its site

	renewAfter   time.Duration // the lease of a rotation that takes long
	lookAgain    time.Duration // after a password was revoked, see whether it stays so
	passwords    userTurns
	mostVerified int // new sites of one import by somebody with limited access: each is signed in to while the person waits
}

// storedAtOnce is how many requests of a run may store at once what they found of their site. Hundreds would take every connection to the
// database, and let pages wait for one.
const storedAtOnce = 2

// New returns the registry over the database.
func New(db *database.DB, v *vault.Vault, log *audit.Log, network *wordpress.Network) *Registry {
	return &Registry{store: store{db: db.Gorm, log: log}, vault: v, log: log, network: network, storing: make(chan struct{}, storedAtOnce),
		renewAfter: rotationLease / 5, lookAgain: lookAgainAfter, mostVerified: 200}
}

// binding ties a sealed password to its site and to the origin of the site's home: moved to another row, or with another address, it does
// not open.
func binding(site int64, home string) vault.Binding {
	return bindingTo(site, wordpress.Origin(home))
}

func bindingTo(site int64, origin string) vault.Binding {
	return vault.Binding{Table: "credentials", Row: site, Purpose: "application_password", Origin: origin}
}

// Add stores a new site with its credential. It returns validation.Problems when the draft cannot be stored. The site is not checked yet.
func (r *Registry) Add(ctx context.Context, actor access.Actor, d Draft) (Site, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteAdd, ""); err != nil {
		return Site{}, err
	}
	p := validation.Problems{}
	d.clean(p)
	d.cleanCredential(p)
	d.checkScope(actor, p)
	if r.verifySignIn(ctx, actor, d, p); len(p) > 0 && !actor.Scope.EverySite() {
		return Site{}, p
	}
	var id int64
	err := r.store.change(ctx, actor, func(w write) error {
		err := w.takeTurn(access.SiteAdd, "")
		if err == nil {
			err = w.checkFree(d.URL, 0, p)
		}
		if err == nil {
			err = p.OrNil()
		}
		if err == nil {
			id, err = r.insert(w, d)
		}
		return err
	})
	if err != nil {
		return Site{}, wrapped("add", err)
	}
	return r.Site(ctx, actor, id)
}

// insert stores a clean draft inside a change, and records it.
func (r *Registry) insert(w write, d Draft) (id int64, err error) {
	if d.Client, err = w.spelling(d.Client); err != nil {
		return 0, err
	}
	id, err = w.insertSite(d)
	if err != nil {
		return 0, err
	}
	if err := r.seal(w, id, d); err != nil {
		return 0, err
	}
	return id, w.record(access.SiteAdd, id, map[string]any{
		"home": d.URL, "name": d.Name, "client": d.Client, "tags": d.Tags, "username": d.Username,
	})
}

// seal stores the draft's credential for the origin of its address.
func (r *Registry) seal(w write, id int64, d Draft) error {
	sealed, err := r.vault.Seal(d.Password, binding(id, d.URL))
	if err != nil {
		return err
	}
	return w.putCredential(credentialRow{SiteID: id, Username: d.Username, Sealed: sealed, KeyID: vault.SealedBy(sealed), Origin: wordpress.Origin(d.URL)})
}

// Edit changes everything of a site but its credential. A changed address makes it unchecked again, and the credential goes along only
// where wordpress.CredentialFollows: else the site waits for another one.
func (r *Registry) Edit(ctx context.Context, actor access.Actor, id int64, d Draft) (Site, error) {
	return r.editAs(ctx, actor, id, func(Site) (Draft, bool) { return d, true })
}

// ChangeURL gives the site another address and keeps all else. It does nothing when the site's address is no
// longer the one that it is to move from.
func (r *Registry) ChangeURL(ctx context.Context, actor access.Actor, id int64, from, to string) (Site, error) {
	return r.editAs(ctx, actor, id, func(s Site) (Draft, bool) {
		d := Draft{URL: to, Name: s.Name, Client: s.Client, Tags: s.Tags}
		if s.Name == nameless(s.Home) {
			d.Name = ""
		}
		return d, s.Home == from
	})
}

// editAs edits the site as the draft says that is made of it, unless there is none.
func (r *Registry) editAs(ctx context.Context, actor access.Actor, id int64, draft func(Site) (Draft, bool)) (Site, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteEdit, access.On("site", id)); err != nil {
		return Site{}, err
	}
	seen, err := r.Site(ctx, actor, id)
	if err != nil {
		return Site{}, err
	}
	if err := r.verifyEdit(ctx, actor, seen, draft); err != nil {
		return Site{}, err
	}
	err = r.store.change(ctx, actor, func(w write) error {
		before, err := w.site(access.SiteEdit, id)
		if err != nil {
			return err
		}
		d, wanted := draft(before)
		if !wanted {
			return nil
		}
		p := validation.Problems{}
		d.clean(p)
		d.checkScope(actor, p)
		if err := errors.Join(w.checkFree(d.URL, id, p), p.OrNil()); err != nil {
			return err
		}
		return r.edit(w, before, d)
	})
	if err != nil {
		return Site{}, wrapped("edit", err)
	}
	return r.Site(ctx, actor, id)
}

// edit stores what the draft changes, and settles what becomes of the credential.
func (r *Registry) edit(w write, before Site, d Draft) error {
	before, err := w.edit(before, d)
	if err != nil || d.URL == before.Home {
		return err
	}
	row, found, err := w.credential(before.ID)
	if err != nil || !found {
		return err
	}
	if wordpress.CredentialFollows(before.Home, d.URL) {
		secret, err := r.vault.Open(row.Sealed, binding(before.ID, before.Home))
		if err == nil {
			sealed, err := r.vault.Seal(secret, binding(before.ID, d.URL))
			if err != nil {
				return err
			}
			return w.putSealed(row, credentialRow{Sealed: sealed, KeyID: vault.SealedBy(sealed), Origin: wordpress.Origin(d.URL)})
		}
	}
	return w.dropCredential(before, d.URL)
}

// waitsForCredential is what a site is found to need whose credential did not go along to another address.
const waitsForCredential = "Enter the credential again: the URL changed from %s to %s, and Drover sends an application password only to the URL " +
	"it was stored for."

// edit stores the draft and records what it changes of the site as it is now, which it returns; nothing is written or recorded when it changes
// nothing.
func (w write) edit(seen Site, d Draft) (before Site, err error) {
	if before, err = w.current(seen); err != nil {
		return before, err
	}
	if d.Client, err = w.spelling(d.Client); err != nil {
		return before, err
	}
	changes := changesOf(before, d)
	if len(changes) == 0 {
		return before, nil
	}
	// Recorded first: whether a second person must approve depends on the site as it was.
	if err := w.record(access.SiteEdit, before.ID, changes); err != nil {
		return before, err
	}
	return before, w.updateSite(before, d)
}

// changesOf tells what the draft would change, as before and after by field.
func changesOf(before Site, d Draft) map[string]any {
	changes := map[string]any{}
	differ := func(field string, same bool, from, to any) {
		if !same {
			changes[field] = map[string]any{"before": from, "after": to}
		}
	}
	differ("home", before.Home == d.URL, before.Home, d.URL)
	differ("name", before.Name == d.Name, before.Name, d.Name)
	differ("client", access.ClientKey(before.Client) == access.ClientKey(d.Client), before.Client, d.Client)
	differ("tags", slices.Equal(before.Tags, d.Tags), before.Tags, d.Tags)
	return changes
}

// ReplaceCredential seals another user name and password for the site, wherever it is.
func (r *Registry) ReplaceCredential(ctx context.Context, actor access.Actor, id int64, username string, password vault.Secret) error {
	return r.ReplaceCredentialAt(ctx, actor, id, "", username, password)
}

// ReplaceCredentialAt is ReplaceCredential for a password that was made at an address: it is stored only while that is the site's home.
func (r *Registry) ReplaceCredentialAt(ctx context.Context, actor access.Actor, id int64, home, username string, password vault.Secret) error {
	if err := r.log.Authorize(ctx, actor, access.SiteCredential, access.On("site", id)); err != nil {
		return err
	}
	before, err := r.Site(ctx, actor, id)
	if err != nil {
		return err
	}
	d, p := Draft{URL: cmp.Or(home, before.Home), Username: username, Password: password}, validation.Problems{}
	d.cleanCredential(p)
	if err := p.OrNil(); err != nil {
		return err
	}
	err = r.store.change(ctx, actor, func(w write) error {
		now, err := w.site(access.SiteCredential, id)
		if err == nil && now.Home != d.URL {
			err = validation.Problems{"application_password": "The site's URL has since changed to " + now.Home + ". Enter the password for that site."}
		}
		if err != nil {
			return err
		}
		return r.replace(w, now, d)
	})
	if err != nil {
		return wrapped("credential", err)
	}
	return nil
}

func (r *Registry) replace(w write, before Site, d Draft) error {
	if err := errors.Join(r.seal(w, before.ID, d), w.checkNow(before.ID)); err != nil {
		return err
	}
	return w.record(access.SiteCredential, before.ID, map[string]any{
		"home": before.Home, "username": map[string]any{"before": before.Credential.Username, "after": d.Username},
	})
}

// Retire takes sites out of every list and selection and drops nothing; Restore brings them back.
func (r *Registry) Retire(ctx context.Context, actor access.Actor, ids ...int64) error {
	return r.mark(ctx, actor, access.SiteRetire, ids, func(w write, s Site) (bool, error) {
		if !s.RetiredAt.IsZero() {
			return false, nil
		}
		return true, w.setRetired(s.ID, time.Now())
	})
}

// Restore brings retired sites back.
func (r *Registry) Restore(ctx context.Context, actor access.Actor, ids ...int64) error {
	return r.mark(ctx, actor, access.SiteRestore, ids, func(w write, s Site) (bool, error) {
		if s.RetiredAt.IsZero() {
			return false, nil
		}
		return true, w.setRetired(s.ID, time.Time{})
	})
}

// Tag adds one tag to the sites.
func (r *Registry) Tag(ctx context.Context, actor access.Actor, tag string, ids ...int64) error {
	tags, p := CleanTags([]string{tag}), validation.Problems{}
	if len(tags) == 0 {
		p["tag"] = "Enter a tag."
		return p
	}
	if len(tags) > 1 {
		p["tag"] = "A tag cannot hold a comma, a semicolon or a bar. Enter one tag."
		return p
	}
	if checkText(p, "tag", tags[0], longestTag); len(p) > 0 {
		return p
	}
	return r.mark(ctx, actor, access.SiteTag, ids, func(w write, s Site) (bool, error) {
		if slices.Contains(s.Tags, tags[0]) {
			return false, nil
		}
		if len(s.Tags) >= mostTags {
			return false, validation.Problems{"tag": fmt.Sprintf("%s already has %d tags, the maximum. Remove one first.", s.Name, len(s.Tags))}
		}
		return true, w.addTag(s.ID, tags[0])
	})
}

// mark does the same to many sites in one transaction, with one entry for each that it changed.
func (r *Registry) mark(ctx context.Context, actor access.Actor, action access.Action, ids []int64, f func(write, Site) (changed bool, err error)) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var subject access.Subject
	if len(ids) == 1 {
		subject = access.On("site", ids[0])
	}
	if err := r.log.Authorize(ctx, actor, action, subject); err != nil {
		return err
	}
	chosen, err := r.store.byIDs(ctx, ids)
	if err != nil {
		return err
	}
	for _, s := range chosen {
		if err := r.reached(ctx, actor, s); err != nil {
			return fmt.Errorf("sites: %s: %w", action, err)
		}
	}
	err = r.store.change(ctx, actor, func(w write) error {
		chosen, err := w.sites(action, subject, ids)
		if err != nil {
			return err
		}
		for _, s := range chosen {
			changed, err := f(w, s)
			if err == nil && changed {
				err = w.record(action, s.ID, map[string]any{"home": s.Home})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return wrapped(string(action), err)
	}
	return nil
}

// wrapped is an error with where it happened, but what is wrong with a field is for the person who typed it.
func wrapped(doing string, err error) error {
	if problems, is := errors.AsType[validation.Problems](err); is {
		return problems
	}
	return fmt.Errorf("sites: %s: %w", doing, err)
}

// outsideScope is told of an address that is somebody else's: what is stored of it is not.
const outsideScope = "You cannot add this URL. Ask someone with access to all sites."

// checkScope adds a problem where the site would lie beyond the actor's reach.
func (d Draft) checkScope(actor access.Actor, p validation.Problems) {
	if !actor.Scope.Site(d.Client, d.Tags) {
		p["client"] = "Your access covers only some clients and tags. Choose one of them so that you can see the site."
	}
}

// checkFree adds a problem when another site has the address already.
func (w write) checkFree(home string, self int64, p validation.Problems) error {
	if p["url"] != "" {
		return nil
	}
	other, found, err := w.reading().byHome(w.tx.Statement.Context, home)
	if err != nil {
		return err
	}
	switch {
	case !found || other.ID == self:
	case !within(w.actor, other):
		p["url"] = outsideScope
	case !other.RetiredAt.IsZero():
		p["url"] = "This site is retired. Restore it from the list of retired sites instead of adding it again."
	default:
		p["url"] = "This site is already in the list, as " + other.Name + "."
	}
	return nil
}
