package changes

import (
	"maps"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
)

// proposal is a change under way, as the policy judges it.
type proposal struct {
	policy runs.Policy                     // in force before the change
	client string                          // of the site before the change; empty where it concerns none
	detail map[string]any                  // what the change would record
	field  func(name string) (field, bool) // of the detail, where the change alters it
}

// field is what a change alters.
type field struct{ before, after any }

// covered is the one table of the changes that a second person must approve while the policy is on. What only tightens is not in it or
// judged not to need one: a member must be removed, and their rights lowered, at once.
var covered = map[access.Action]func(proposal) bool{
	access.MemberAdd:      always,
	access.MemberInvite:   always,
	access.MemberReset:    always,
	access.MemberRole:     raises,
	access.MemberAccess:   widens,
	access.RunPolicy:      loosensPolicy,
	access.SettingsChange: loosensSetting,
	access.SiteAdd:        ofProtectedClient,
	access.SiteCredential: ofProtectedSite,
	access.SiteEdit:       editsProtectedSite,
	access.SiteRestore:    ofProtectedSite,
	access.SiteRetire:     ofProtectedSite,
	access.SiteRotate:     ofProtectedSite,
	access.SiteTag:        ofProtectedSite,
}

// needsApproval tells whether the policy wants a second person for the action.
func needsApproval(action access.Action, p proposal) bool {
	judge, found := covered[action]
	return found && !p.policy.IsZero() && judge(p)
}

func always(proposal) bool { return true }

func raises(p proposal) bool {
	role, altered := p.field("role")
	before, is := role.before.(access.Role)
	after, isToo := role.after.(access.Role)
	return !altered || !is || !isToo || !before.Covers(after)
}

func widens(p proposal) bool {
	scope, altered := p.field("reach")
	before, is := scope.before.(access.Restriction)
	after, isToo := scope.after.(access.Restriction)
	return !altered || !is || !isToo || !access.NewScope(before).Covers(after)
}

func loosensPolicy(p proposal) bool {
	policy, altered := p.field("approval")
	after, is := policy.after.(runs.Policy)
	return !altered || !is || !after.Covers(p.policy)
}

// loosensSetting tells whether a second factor is nobody's duty any more, or larger changes are made unconfirmed.
func loosensSetting(p proposal) bool {
	above, altered := p.field("confirm_above")
	before, is := above.before.(int)
	after, isToo := above.after.(int)
	return p.detail["value"] != "yes" && !(altered && is && isToo && after <= before)
}

func ofProtectedSite(p proposal) bool { return p.policy.Protects(p.client) }

// ofProtectedClient judges a new site: under a policy for effects no site was protected yet, and its runs wait for a second person anyway.
func ofProtectedClient(p proposal) bool {
	return access.HasClient(p.policy.Clients, p.client)
}

// editsProtectedSite judges by the client before and the one after: neither taking a site out of protection nor bringing one under it hides
// what else is altered.
func editsProtectedSite(p proposal) bool {
	client, newClient := p.field("client")
	_, home := p.field("home")
	_, tags := p.field("tags")
	after, _ := client.after.(string)
	return (newClient || home || tags) && (p.policy.Protects(p.client) || newClient && p.policy.Protects(after))
}

// Covered lists the actions that a second person must approve under some policy.
func Covered() []access.Action { return slices.Sorted(maps.Keys(covered)) }
