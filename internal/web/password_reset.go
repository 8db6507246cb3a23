package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

// resetLink makes a link for a member who cannot sign in any more, and shows it once.
func (s *Server) resetLink(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	token, err := v.change(changes.Change{Action: access.MemberReset, Member: id, Lift: form.Get("lift") == "1"})
	if err != nil {
		return err
	}
	m, err := s.Roster.Member(v.Request.Context(), id)
	if err != nil {
		return err
	}
	return s.showTeam(v, http.StatusOK, views.Team{Reset: strings.TrimSuffix(s.PublicURL, "/") + "/reset/" + token.Reveal(), ResetOf: m.Email}, nil)
}

func (s *Server) resetForm(v *requestContext) error { return s.showReset(v, http.StatusOK, nil) }

func (s *Server) showReset(v *requestContext, status int, p validation.Problems) error {
	link, err := s.Roster.ResetOf(v.Request.Context(), v.linkToken())
	if errors.Is(err, members.ErrBadLink) {
		return v.badLink()
	}
	if err != nil {
		return err
	}
	return v.render(status, views.Reset(views.PublicForm{Action: v.Request.URL.Path, Fields: []views.Field{
		{Name: "email", Label: "Email", Type: "email", Value: link.Email, Complete: "username"},
		{Name: "password", Label: "New password", Type: "password", Problem: p["password"], Complete: "new-password", Required: true, Hint: passwordHint},
	}}))
}

func (s *Server) reset(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	token, err := s.Roster.Reset(v.Request.Context(), v.linkToken(), vault.NewSecret(form.Get("password")), v.device())
	if errors.Is(err, members.ErrBadLink) {
		return v.badLink()
	}
	if err != nil {
		return err
	}
	if err := v.begin(token); err != nil {
		return err
	}
	return v.redirect("/")
}
