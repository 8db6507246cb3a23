package changes

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// Change is one change that the policy may cover. Each action reads its own fields.
type Change struct {
	Action access.Action

	Sites []int64
	Draft sites.Draft
	From  string // the URL that a site moves from to the draft's; empty for an edit
	Tag   string
	Many  *sites.ManyEdit `json:",omitempty"` // of an edit of many sites

	Member      int64
	Role        access.Role
	Restriction access.Restriction
	Email       string       // of an invitation or a new member
	Name        string       // of a new member
	Password    vault.Secret `json:"-"` // of a new member
	Lift        bool         // the second factor goes with the password

	Policy   runs.Policy
	Required bool // a second factor

	ConfirmAbove *int // on how many sites a change is confirmed by their number; nil for the second factor
}

// apply makes the change. It is the only list of how each covered action is done.
func (c *Changes) apply(ctx context.Context, actor access.Actor, ch Change) (link vault.Secret, err error) {
	registry, roster := c.parts.Registry, c.parts.Roster
	switch ch.Action {
	case access.SiteAdd:
		_, err = registry.Add(ctx, actor, ch.Draft)
	case access.SiteEdit:
		if ch.Many != nil {
			return link, registry.EditMany(ctx, actor, *ch.Many, ch.Sites...)
		}
		err = c.editSite(ctx, actor, ch)
	case access.SiteCredential:
		err = registry.ReplaceCredentialAt(ctx, actor, ch.site(), ch.Draft.URL, ch.Draft.Username, ch.Draft.Password)
	case access.SiteTag:
		err = registry.Tag(ctx, actor, ch.Tag, ch.Sites...)
	case access.SiteRetire:
		err = registry.Retire(ctx, actor, ch.Sites...)
	case access.SiteRotate:
		err = registry.StartRotation(ctx, actor, ch.Sites...)
	case access.SiteRestore:
		err = registry.Restore(ctx, actor, ch.Sites...)
	case access.MemberAdd:
		_, err = roster.Add(ctx, actor, members.Member{Email: ch.Email, Name: ch.Name, Role: ch.Role, Restriction: ch.Restriction}, ch.Password)
	case access.MemberRole:
		err = roster.ChangeRole(ctx, actor, ch.Member, ch.Role)
	case access.MemberAccess:
		err = roster.SetAccess(ctx, actor, ch.Member, ch.Restriction)
	case access.MemberReset:
		link, err = roster.ResetLink(ctx, actor, ch.Member, ch.Lift)
	case access.MemberInvite:
		link, err = roster.Invite(ctx, actor, members.Member{Email: ch.Email, Role: ch.Role, Restriction: ch.Restriction})
	case access.RunPolicy:
		err = c.parts.Runner.SetPolicy(ctx, actor, ch.Policy)
	case access.SettingsChange:
		if ch.ConfirmAbove != nil {
			return link, c.parts.Runner.SetConfirmAbove(ctx, actor, *ch.ConfirmAbove)
		}
		err = roster.RequireFactor(ctx, actor, ch.Required)
	default:
		err = fmt.Errorf("changes: %s cannot be requested", ch.Action)
	}
	return link, err
}

func (c *Changes) editSite(ctx context.Context, actor access.Actor, ch Change) (err error) {
	if ch.From != "" {
		_, err = c.parts.Registry.ChangeURL(ctx, actor, ch.site(), ch.From, ch.Draft.URL)
		return err
	}
	_, err = c.parts.Registry.Edit(ctx, actor, ch.site(), ch.Draft)
	return err
}

// site is the one site of the change, 0 where there is none.
func (ch Change) site() int64 {
	if len(ch.Sites) != 1 {
		return 0
	}
	return ch.Sites[0]
}

// sealedChange is what is sealed of a change. It alone holds the password as it is.
type sealedChange struct {
	Change
	Draft    sealedDraft // instead of the change's own, which shows no password
	Password string      // likewise
}

type sealedDraft struct {
	URL, Name, Client, Username, Password string
	Tags                                  []string
}

// payload is the change as it is sealed.
func (ch Change) payload() vault.Secret {
	d := ch.Draft
	draft := sealedDraft{URL: d.URL, Name: d.Name, Client: d.Client, Username: d.Username, Password: d.Password.Reveal(), Tags: d.Tags}
	text, err := json.Marshal(sealedChange{ch, draft, ch.Password.Reveal()}) // #nosec G117 -- the text is a vault.Secret, and is sealed
	if err != nil {
		panic(err) // it holds texts and numbers only
	}
	return vault.NewSecret(string(text))
}

// open returns what the payload was sealed from.
func (s store) open(row changeRow) (Change, error) {
	text, err := s.vault.Open(row.Payload, binding(row.ID))
	if err != nil {
		return Change{}, fmt.Errorf("changes: the request %d cannot be opened: %w", row.ID, err)
	}
	var sealed sealedChange
	if err := json.Unmarshal([]byte(text.Reveal()), &sealed); err != nil {
		return Change{}, fmt.Errorf("changes: the request %d cannot be read: %w", row.ID, err)
	}
	change, d := sealed.Change, sealed.Draft
	change.Draft = sites.Draft{URL: d.URL, Name: d.Name, Client: d.Client, Username: d.Username, Password: vault.NewSecret(d.Password), Tags: d.Tags}
	change.Password = vault.NewSecret(sealed.Password)
	return change, nil
}
