package web

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
)

// flowCookie is the browser's part of a sign-in that was begun with a provider: nobody else's browser can end it.
func (v *requestContext) flowCookie() string { return v.server.cookieName() + "-provider" }

func (v *requestContext) rememberFlow(token string, age time.Duration) {
	// Lax, since the provider sends the browser back from its own pages.
	http.SetCookie(v.Writer, &http.Cookie{Name: v.flowCookie(), Value: token, Path: "/", MaxAge: int(age.Seconds()), HttpOnly: true, Secure: v.server.secure,
		SameSite: http.SameSiteLaxMode})
}

// toProvider sends the browser to the provider.
func (v *requestContext) toProvider(f members.Flow) error {
	address, token, err := v.server.Roster.BeginProvider(v.Request.Context(), f)
	if errors.Is(err, members.ErrProvider) {
		return errNoPage
	}
	if err != nil {
		return err
	}
	v.rememberFlow(token.Reveal(), 10*time.Minute)
	v.Redirect(http.StatusSeeOther, address)
	return nil
}

func (s *Server) signInWithProvider(v *requestContext) error {
	if v.unasked() { // who is signed in at the provider would be here too, without having done anything
		return v.redirect("/sign-in?next=" + url.QueryEscape(next(v.Query("next"))))
	}
	return v.toProvider(members.Flow{Next: next(v.Query("next"))})
}

// confirmWithProvider lets a member prove at the provider who they are.
func (s *Server) confirmWithProvider(v *requestContext) error {
	return v.toProvider(members.Flow{Next: next(v.Query("next")), Session: v.session.ID})
}

// backFromProvider ends what was begun. Why somebody is not let in is in the audit log, and not on the page.
func (s *Server) backFromProvider(v *requestContext) error {
	flow, _ := v.Cookie(v.flowCookie()) // without it there is no such flow
	v.rememberFlow("", -time.Second)
	back := members.Return{Token: vault.NewSecret(flow), State: v.Query("state"), Code: v.Query("code"), Problem: v.Query("error")}
	holder := members.SessionHolder{Device: v.device()}
	if token, err := v.Cookie(s.cookieName()); err == nil && token != "" {
		if m, session, err := s.Roster.Authenticate(v.Request.Context(), vault.NewSecret(token)); err == nil {
			holder.Member, holder.Session = m, session
		}
	}
	token, f, m, err := s.Roster.FinishProvider(v.Request.Context(), back, holder)
	switch {
	case errors.Is(err, members.ErrNotInvited):
		return v.showSignIn(http.StatusForbidden, "", s.Roster.ProviderName()+" signed you in, but you have no Drover account. Ask an admin for an invitation.")
	case errors.Is(err, members.ErrProvider):
		return v.showSignIn(http.StatusUnprocessableEntity, "", "Signing in with "+s.Roster.ProviderName()+" did not work. Try again.")
	case err != nil:
		return err
	}
	if err := v.begin(token); err != nil {
		return err
	}
	if f.Session != 0 {
		v.setFlash("ok", "Identity confirmed. You can now continue.")
		return v.redirect(next(f.Next))
	}
	if err := v.rememberDevice(m); err != nil {
		return err
	}
	return v.redirect(next(f.Next))
}

// providerHref is where the confirming page leads for who can prove at the provider who they are, or empty.
func (s *Server) providerHref(v *requestContext) (string, error) {
	linked, err := s.Roster.Linked(v.Request.Context(), v.member.ID)
	if err != nil || !linked {
		return "", err
	}
	to := v.Query("next")
	if to == "" {
		if from, err := url.Parse(v.Request.Referer()); err == nil && from.Host == v.Request.Host {
			to = from.RequestURI()
		}
	}
	return "/confirm/provider?next=" + url.QueryEscape(next(to)), nil
}
