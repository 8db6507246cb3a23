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

const unproven = "Your access covers only some clients and tags, so a site counts only once its credential works."

// prove adds a problem where a person with limited access does not sign in at the draft's address. It is asked before anything is looked up.
func (r *Registry) prove(ctx context.Context, actor access.Actor, d Draft, p validation.Problems) {
	if actor.Scope.EverySite() || len(p) > 0 {
		return
	}
	if finding := r.signsIn(ctx, d); finding != "" {
		p["application_password"] = unproven + " " + finding
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

// proveLines proves the lines of an import that would add a site, some at a time, before anything is looked up in the import's own transaction.
func (r *Registry) proveLines(ctx context.Context, actor access.Actor, drafts []Draft, lines []Line) error {
	if actor.Scope.EverySite() {
		return nil
	}
	im, err := r.importing(ctx, r.store)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(checks)
	proven := 0
	for i := range lines {
		if own, found := im.known[drafts[i].URL]; !lines[i].Stored() || found && within(actor, own) {
			continue
		}
		if proven++; proven > r.mostProven {
			lines[i].Result = LineBad
			lines[i].Reason = fmt.Sprintf("Your access covers only some clients and tags, so one import adds at most %d sites. Import this line again.",
				r.mostProven)
			continue
		}
		group.Go(func() error {
			if finding := r.signsIn(ctx, drafts[i]); finding != "" {
				lines[i].Result, lines[i].Reason = LineBad, unproven+" "+finding
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

// proveURL proves that the site's own credential signs in at another address. Where the credential does not follow, that cannot be known.
func (r *Registry) proveURL(ctx context.Context, actor access.Actor, s Site, to string) error {
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
