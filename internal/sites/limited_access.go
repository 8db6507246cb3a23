package sites

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// Whether an address is in the list of sites is known only to those who see that site. Somebody whose access is limited would learn it from what becomes
// of an address that they add, so the answer must not depend on the list: an address counts only with a credential that signs in there. Who has one knows
// the site anyway.

const mustSignIn = "Your access covers only some clients and tags, so a site counts only once its credential works."

// verifySignIn adds a problem where a person with limited access does not sign in at the draft's address. It is asked before anything is looked up.
func (r *Registry) verifySignIn(ctx context.Context, actor access.Actor, d Draft, p validation.Problems) {
	if actor.Scope.EverySite() || len(p) > 0 {
		return
	}
	if finding := r.signsIn(ctx, d); finding != "" {
		p["application_password"] = mustSignIn + " " + finding
	}
}

// signsIn says why the draft's credential does not sign in at its address; nothing where it does.
func (r *Registry) signsIn(ctx context.Context, d Draft) string {
	report := r.network.Client(wordpress.Address{Home: d.URL}, d.Username, d.Password.Reveal()).Check(ctx)
	signedIn := slices.ContainsFunc(report.Steps, func(step wordpress.CheckStep) bool {
		return step.Name == wordpress.StepCredential && (step.State == wordpress.CheckOK || step.State == wordpress.CheckWarning)
	})
	if signedIn && report.OtherSite == "" {
		return ""
	}
	step, _ := report.Failing()
	if finding := strings.TrimSpace(step.Finding + " " + step.Fix); finding != "" {
		return finding
	}
	return "Drover could not sign in to this site."
}

// verifyLines signs in to the sites that the lines of an import would add, some at a time, before anything is looked up in its transaction.
func (r *Registry) verifyLines(ctx context.Context, actor access.Actor, drafts []Draft, lines []Line) error {
	if actor.Scope.EverySite() {
		return nil
	}
	im, err := r.importing(ctx, r.store)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(checks)
	verified := 0
	for i := range lines {
		if own, found := im.known[drafts[i].URL]; !lines[i].Stored() || found && within(actor, own) {
			continue
		}
		if verified++; verified > r.mostVerified {
			lines[i].Result = LineBad
			lines[i].Reason = fmt.Sprintf("Your access covers only some clients and tags, so one import adds at most %d sites. Import this line again.",
				r.mostVerified)
			continue
		}
		group.Go(func() error {
			if finding := r.signsIn(ctx, drafts[i]); finding != "" {
				lines[i].Result, lines[i].Reason = LineBad, mustSignIn+" "+finding
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

// verifyURL checks that the site's own credential signs in at another address. Where the credential does not follow, that cannot be known.
func (r *Registry) verifyURL(ctx context.Context, actor access.Actor, s Site, to string) error {
	if actor.Scope.EverySite() || to == "" || to == s.Home {
		return nil
	}
	const elsewhere = "Your access covers only some clients and tags, so you cannot move a site to another address where its credential does not work. " +
		"Connect the new address separately."
	sealed, err := r.store.credentials(ctx, []int64{s.ID})
	if err != nil {
		return err
	}
	row, found := sealed[s.ID]
	if !found || !wordpress.CredentialFollows(s.Home, to) {
		return validation.Problems{"url": elsewhere}
	}
	password, err := r.vault.Open(row.Sealed, binding(s.ID, s.Home))
	if err != nil || r.signsIn(ctx, Draft{URL: to, Username: row.Username, Password: password}) != "" {
		return validation.Problems{"url": elsewhere}
	}
	return nil
}

// verifyEdit is verifyURL for the draft that is made of the site.
func (r *Registry) verifyEdit(ctx context.Context, actor access.Actor, seen Site, draft func(Site) (Draft, bool)) error {
	d, wanted := draft(seen)
	if d.clean(validation.Problems{}); !wanted {
		return nil
	}
	return r.verifyURL(ctx, actor, seen, d.URL)
}
