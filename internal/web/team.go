package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

func (s *Server) team(v *requestContext) error {
	return s.showTeam(v, http.StatusOK, views.Team{}, nil)
}

// showTeam draws the team; the page holds the invitation that was just made, if any.
func (s *Server) showTeam(v *requestContext, status int, page views.Team, problems validation.Problems) error {
	present, err := s.Roster.Members(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	actor := v.actor()
	for _, m := range present {
		member := views.TeamMember{ID: m.ID, Name: m.Name, Email: m.Email, Role: string(m.Role), Self: m.ID == v.member.ID, JoinedAt: m.CreatedAt,
			Access: accessSummary(m.Restriction), HasPage: actor.May(access.MemberAccess)}
		if actor.May(access.MemberRole) && actor.Role.Covers(m.Role) && !member.Self {
			member.Roles, member.Removable, member.Resettable = rolesFor(actor), true, actor.May(access.MemberReset)
		}
		page.Members = append(page.Members, member)
	}
	if actor.May(access.MemberInvite) {
		restriction, _ := restrictionOf(v.Request.PostForm)
		if page.Access, err = s.accessForm(v, restriction, problems["reach"]); err != nil {
			return err
		}
		if page.Invitations, err = s.openInvitations(v); err != nil {
			return err
		}
		page.Form = []views.Field{
			{Name: "email", Label: "Email", Type: "email", Value: v.PostForm("email"), Problem: problems["email"], Complete: "off", Required: true,
				Focus: problems["confirm_above"] == ""},
			{Name: "role", Label: "Role", Value: v.DefaultPostForm("role", string(access.Operator)), Problem: problems["role"], Options: rolesFor(actor)},
		}
	}
	above, err := s.Runner.ConfirmAbove(v.Request.Context())
	if err != nil {
		return err
	}
	page.ConfirmAbove = views.Field{Name: "confirm_above", Label: "Sites", Value: v.DefaultPostForm("confirm_above", humanize.Comma(int64(above))),
		Problem: problems["confirm_above"], Complete: "off", Focus: problems["confirm_above"] != ""}
	if page.Policy, err = s.policyForm(v); err != nil {
		return err
	}
	page.MayRequire = actor.May(access.SettingsChange)
	if page.FactorRequired, err = s.Roster.FactorRequired(v.Request.Context()); err != nil {
		return err
	}
	return v.render(status, views.TeamPage(v.frame("Team", "team"), page))
}

func (s *Server) invite(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	restriction, problem := restrictionOf(form)
	if problem != "" {
		return s.showTeam(v, http.StatusUnprocessableEntity, views.Team{}, validation.Problems{"reach": problem})
	}
	token, err := v.change(changes.Change{Action: access.MemberInvite, Email: form.Get("email"), Role: access.Role(form.Get("role")), Restriction: restriction})
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.showTeam(v, http.StatusUnprocessableEntity, views.Team{}, p)
	}
	if err != nil {
		return err
	}
	link := strings.TrimSuffix(s.PublicURL, "/") + "/join/" + token.Reveal()
	return s.showTeam(v, http.StatusOK, views.Team{Invitation: link, Invited: form.Get("email")}, nil)
}

func (s *Server) openInvitations(v *requestContext) ([]views.Invitation, error) {
	open, err := s.Roster.Invitations(v.Request.Context(), v.actor())
	all := make([]views.Invitation, len(open))
	for i, each := range open {
		all[i] = views.Invitation{ID: each.ID, Email: each.Email, Role: string(each.Role), Access: accessSummary(each.Restriction),
			At: each.CreatedAt, Until: each.ExpiresAt}
	}
	return all, err
}

func (s *Server) revokeInvitation(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if err := s.Roster.RevokeInvitation(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	v.setFlash("ok", "Invitation revoked. Its link no longer works.")
	return v.redirect("/team")
}

func (s *Server) changeRole(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if _, err := v.form(); err != nil {
		return err
	}
	if _, err := v.change(changes.Change{Action: access.MemberRole, Member: id, Role: access.Role(v.PostForm("role"))}); err != nil {
		return err
	}
	v.setFlash("ok", "Role saved. It takes effect immediately.")
	return v.redirect("/team")
}

// endSessions signs a member out everywhere who stays in the team, such as one whose laptop was stolen.
func (s *Server) endSessions(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if err := s.Roster.EndSessions(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	v.setFlash("ok", "Signed out everywhere. They can sign in again. If someone else may know their password, reset it too.")
	return v.redirect("/team")
}

func (s *Server) removeMember(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if err := s.Roster.Remove(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	v.setFlash("ok", "Member removed and signed out everywhere.")
	return v.redirect("/team")
}

func (s *Server) settings(v *requestContext) error { return s.showSettings(v, http.StatusOK, nil) }

// typedName is the name that was typed, or else the member's own.
func (v *requestContext) typedName(p validation.Problems) string {
	if p["name"] != "" {
		return v.PostForm("name")
	}
	return v.member.Name
}

func (s *Server) showSettings(v *requestContext, status int, p validation.Problems) error {
	open, err := s.Roster.Sessions(v.Request.Context(), v.member.ID)
	if err != nil {
		return err
	}
	page := views.Settings{
		Name: []views.Field{{Name: "name", Label: "Name", Value: v.typedName(p), Problem: p["name"], Complete: "name", Required: true}},
		Password: []views.Field{
			{Name: "old", Label: "Current password", Type: "password", Problem: p["old"], Complete: "current-password", Required: true},
			{Name: "password", Label: "New password", Type: "password", Problem: p["password"], Complete: "new-password", Required: true,
				Hint: "At least 12 characters. You will be signed out everywhere and must sign in with the new password."},
		},
	}
	for _, each := range open {
		page.Sessions = append(page.Sessions, views.Session{ID: each.ID, Device: each.UserAgent, Addr: each.Addr, LastSeenAt: each.LastSeenAt,
			CreatedAt: each.CreatedAt, This: each.ID == v.session.ID})
	}
	second, err := s.Roster.SecondFactor(v.Request.Context(), v.member.ID)
	if err != nil {
		return err
	}
	page.Second = secondView(second)
	tokens, err := s.Roster.Tokens(v.Request.Context(), v.member.ID)
	if err != nil {
		return err
	}
	page.Tokens = len(tokens)
	return v.render(status, views.SettingsPage(v.frame("Settings", "settings"), page))
}

func (s *Server) changeName(v *requestContext) error {
	if _, err := v.form(); err != nil {
		return err
	}
	err := s.Roster.SetName(v.Request.Context(), v.actor(), v.PostForm("name"))
	if err != nil {
		return err
	}
	v.setFlash("ok", "Name saved.")
	return v.redirect("/settings")
}

func (s *Server) changePassword(v *requestContext) error {
	if _, err := v.form(); err != nil {
		return err
	}
	err := s.Roster.ChangePassword(v.Request.Context(), v.actor(), vault.NewSecret(v.PostForm("old")), vault.NewSecret(v.PostForm("password")))
	if wait, is := errors.AsType[members.Wait](err); is {
		return s.showSettings(v, http.StatusTooManyRequests, validation.Problems{"old": "T" + wait.Error()[1:] + "."})
	}
	if errors.Is(err, members.ErrPassword) {
		return validation.Problems{"old": "This is not your current password."}
	}
	if err != nil {
		return err
	}
	v.forget()
	return v.redirect("/sign-in")
}

func (s *Server) revokeSession(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if err := s.Roster.RevokeSession(v.Request.Context(), v.actor(), id); err != nil && !errors.Is(err, members.ErrNoSession) {
		return err
	}
	v.setFlash("ok", "Session ended.")
	return v.redirect("/settings")
}

func (s *Server) signOut(v *requestContext) error {
	if err := s.Roster.RevokeSession(v.Request.Context(), v.actor(), v.session.ID); err != nil && !errors.Is(err, members.ErrNoSession) {
		return err
	}
	v.forget()
	return v.redirect("/sign-in")
}

func (s *Server) signOutEverywhere(v *requestContext) error {
	if err := s.Roster.SignOutEverywhere(v.Request.Context(), v.actor()); err != nil {
		return err
	}
	v.forget()
	return v.redirect("/sign-in")
}
