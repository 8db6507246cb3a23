package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

func (s *Server) signInForm(v *requestContext) error { return v.showSignIn(http.StatusOK, "", "") }

func (v *requestContext) showSignIn(status int, email, problem string) error {
	action := "/sign-in"
	if to := next(v.Query("next")); to != "/" {
		action += "?" + v.Request.URL.RawQuery
	}
	provider := views.Provider{Name: v.server.Roster.ProviderName(), Href: "/sign-in/provider"}
	if to := next(v.Query("next")); to != "/" {
		provider.Href += "?" + url.Values{"next": {to}}.Encode()
	}
	return v.render(status, views.SignIn(views.PublicForm{Action: action, Problem: problem, Provider: provider, Fields: []views.Field{
		{Name: "email", Label: "Email", Type: "email", Value: email, Complete: "username", Required: true},
		{Name: "password", Label: "Password", Type: "password", Complete: "current-password", Required: true},
	}}))
}

func (s *Server) signIn(v *requestContext) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	token, m, err := s.Roster.SignIn(v.Request.Context(), form.Get("email"), vault.NewSecret(form.Get("password")), v.device())
	if wait, is := errors.AsType[members.Wait](err); is {
		return v.showSignIn(http.StatusTooManyRequests, form.Get("email"), "T"+wait.Error()[1:]+".")
	}
	if errors.Is(err, members.ErrSignIn) {
		return v.showSignIn(http.StatusUnprocessableEntity, form.Get("email"),
			"The email address or password is wrong. Try again, or ask an admin to reset your password.")
	}
	if err != nil {
		return err
	}
	if err := v.begin(token); err != nil {
		return err
	}
	if err := v.rememberDevice(m); err != nil {
		return err
	}
	return v.redirect(next(v.Query("next")))
}

// claiming is one of the two forms that make an account.
type claiming struct {
	peek  func(v *requestContext) (members.OneTimeLink, error)
	claim func(v *requestContext, c members.Claim) (vault.Secret, error)
	page  func(views.PublicForm) views.Component
}

func (s *Server) settingUp() claiming {
	return claiming{
		peek: func(v *requestContext) (members.OneTimeLink, error) {
			return s.Roster.Setup(v.Request.Context(), v.linkToken())
		},
		claim: func(v *requestContext, c members.Claim) (vault.Secret, error) {
			return s.Roster.SetUp(v.Request.Context(), v.linkToken(), c, v.device())
		},
		page: func(d views.PublicForm) views.Component { return views.Setup(d) },
	}
}

func (s *Server) joining() claiming {
	return claiming{
		peek: func(v *requestContext) (members.OneTimeLink, error) {
			return s.Roster.Invitation(v.Request.Context(), v.linkToken())
		},
		claim: func(v *requestContext, c members.Claim) (vault.Secret, error) {
			return s.Roster.Join(v.Request.Context(), v.linkToken(), c, v.device())
		},
		page: func(d views.PublicForm) views.Component { return views.Join(d) },
	}
}

const passwordHint = "At least 12 characters. Four unrelated words work well."

func (v *requestContext) linkToken() vault.Secret { return vault.NewSecret(v.Param("token")) }

func (s *Server) setupForm(v *requestContext) error { return v.showClaim(s.settingUp()) }
func (s *Server) setup(v *requestContext) error     { return v.acceptClaim(s.settingUp()) }
func (s *Server) joinForm(v *requestContext) error  { return v.showClaim(s.joining()) }
func (s *Server) join(v *requestContext) error      { return v.acceptClaim(s.joining()) }

func (v *requestContext) showClaim(c claiming) error {
	link, err := c.peek(v)
	if errors.Is(err, members.ErrBadLink) {
		return v.badLink()
	}
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, c.page(v.claimForm(link, members.Claim{Email: link.Email}, nil)))
}

func (v *requestContext) badLink() error {
	return v.render(http.StatusNotFound,
		views.LinkUsed("It was already used, was replaced by a newer one, or has expired. Ask the person who sent it for a new one."))
}

func (v *requestContext) claimForm(link members.OneTimeLink, c members.Claim, p validation.Problems) views.PublicForm {
	email := views.Field{Name: "email", Label: "Email", Type: "email", Value: c.Email, Problem: p["email"], Complete: "username", Required: true}
	if link.Email != "" {
		email.Hint = "The invitation is for this email address."
	}
	return views.PublicForm{Action: v.Request.URL.Path, Role: string(link.Role), Fields: []views.Field{
		{Name: "name", Label: "Name", Value: c.Name, Problem: p["name"], Complete: "name", Required: true,
			Hint: "The name your colleagues know. It appears in the audit log."},
		email,
		{Name: "password", Label: "Password", Type: "password", Problem: p["password"], Complete: "new-password", Required: true, Hint: passwordHint},
	}}
}

func (v *requestContext) acceptClaim(c claiming) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	typed := members.Claim{Name: form.Get("name"), Email: form.Get("email"), Password: vault.NewSecret(form.Get("password"))}
	token, err := c.claim(v, typed)
	if errors.Is(err, members.ErrBadLink) {
		return v.badLink()
	}
	if p, is := errors.AsType[validation.Problems](err); is {
		link, err := c.peek(v)
		if err != nil {
			return err
		}
		return v.render(http.StatusUnprocessableEntity, c.page(v.claimForm(link, typed, p)))
	}
	if err != nil {
		return err
	}
	if err := v.begin(token); err != nil {
		return err
	}
	return v.redirect("/")
}

// unasked tells whether no person asked for the page: another site's page led here, or a browser or chat looks at what a link leads to. It must
// not sign anybody in.
func (v *requestContext) unasked() bool {
	from := v.GetHeader("Sec-Fetch-Site")
	return from != "" && from != "none" && from != "same-origin" || v.GetHeader("Sec-Purpose") != ""
}

// enter signs in by a link that the command line made, once.
func (s *Server) enter(v *requestContext) error {
	if v.unasked() { // it must not use the link up either
		return v.render(http.StatusOK, views.Enter(v.Request.URL.Path))
	}
	token, err := s.Roster.Enter(v.Request.Context(), v.linkToken(), v.device())
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
