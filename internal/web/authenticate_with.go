package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/views"
)

// authenticateWith takes whichever proof was sent. Who has a second factor cannot prove anything with the password alone.
func (s *Server) authenticateWith(v *requestContext, form url.Values) (vault.Secret, error) {
	ctx := v.Request.Context()
	switch {
	case form.Get("proof_credential") != "":
		return s.Roster.GivePasskey(ctx, v.holder(), []byte(form.Get("proof_credential")))
	case form.Has("proof_password"):
		return s.Roster.GivePassword(ctx, v.holder(), vault.NewSecret(form.Get("proof_password")))
	}
	return s.Roster.GiveCode(ctx, v.holder(), form.Get("proof_code"))
}

// notGiven says why a proof was not accepted, or nothing.
func notGiven(err error) (problem string, status int) {
	if wait, is := errors.AsType[members.Wait](err); is {
		return "T" + wait.Error()[1:] + ".", http.StatusTooManyRequests
	}
	switch {
	case errors.Is(err, members.ErrCode):
		return "This code is wrong or was already used. Wait for the next one, or use a recovery code.", http.StatusUnprocessableEntity
	case errors.Is(err, members.ErrPassword):
		return "This password is wrong.", http.StatusUnprocessableEntity
	case errors.Is(err, members.ErrPasskey):
		return "This passkey was not accepted. Try again, or sign in another way.", http.StatusUnprocessableEntity
	}
	return "", 0
}

// holder is who is to prove that the session is theirs.
func (v *requestContext) holder() members.SessionHolder {
	return members.SessionHolder{Member: v.member, Session: v.session, Device: v.device(), Origin: v.server.PublicURL}
}

// stepPage knows what the member can prove who they are with.
func (s *Server) stepPage(v *requestContext, problem string) (views.SecondStep, error) {
	second, err := s.Roster.SecondFactor(v.Request.Context(), v.member.ID)
	page := views.SecondStep{Problem: problem, Code: second.CodesLeft > 0}
	for _, f := range second.Factors {
		page.Passkey = page.Passkey || f.Kind == members.Passkey
		page.Code = page.Code || f.Kind == members.TOTP
	}
	return page, err
}
