package web

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
)

// member serves people who are signed in and whose role allows the route.
func (s *Server) member(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		v := &requestContext{Context: c, server: s}
		if r.secret {
			leaveUncompressed(c)
		}
		v.finish(s.serveMember(v, r))
	}
}

func (s *Server) serveMember(v *requestContext, r route) error {
	err := v.limitAddress()
	if err == nil {
		err = s.authenticate(v)
	}
	if errors.Is(err, members.ErrNoSession) {
		v.redirectFirst("/sign-in") // the cookie stays: a request of another tab may just have been answered with a newer one
		return nil
	}
	if err != nil {
		return err
	}
	release, acquired := s.concurrency.acquire(v.member.ID)
	if !acquired {
		return errTooManyRunning
	}
	defer release()
	if err := v.limitMember(r, v.member.ID); err != nil {
		return err
	}
	done, err := v.readBody(cmp.Or(r.most, longestForm))
	if err != nil {
		return err
	}
	defer done()
	// Whatever changed while the body arrived counts. What changes from here on, the audit log's Record looks at.
	if v.Request.Method == http.MethodPost {
		if err = s.authenticate(v); errors.Is(err, members.ErrNoSession) {
			v.redirectFirst("/sign-in")
			return nil
		}
	}
	if err != nil {
		return err
	}
	if s.authenticated != nil {
		s.authenticated(r.method, r.path)
	}
	return s.serveAuthenticated(v, r)
}

// authenticate finds out whose session the request shows, or returns members.ErrNoSession.
func (s *Server) authenticate(v *requestContext) (err error) {
	token, err := v.Cookie(s.cookieName())
	if err != nil || token == "" {
		return members.ErrNoSession
	}
	v.token = vault.NewSecret(token)
	if v.member, v.session, err = s.Roster.Authenticate(v.Request.Context(), v.token); err == nil {
		v.Set(memberKey, v.member.ID)
	}
	return err
}

// serveAuthenticated authorizes the route, so that a refusal is recorded, and asks for recent authentication where the route needs it.
func (s *Server) serveAuthenticated(v *requestContext, r route) error {
	if to := s.requiredStep(r, v); to != "" {
		v.redirectFirst(to)
		return nil
	}
	if r.right != "" {
		if err := s.Log.Authorize(v.Request.Context(), v.actor(), r.right, r.subjectOf(v.Context)); err != nil {
			return err
		}
	}
	needed, err := s.mustReauthenticate(r, v)
	if err != nil {
		return err
	}
	if needed {
		return s.reauthenticateFirst(v)
	}
	return r.handle(v)
}

// anybody serves what needs no sign-in.
func (s *Server) anybody(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		v := &requestContext{Context: c, server: s}
		v.finish(s.serveAnybody(v, r))
	}
}

func (s *Server) serveAnybody(v *requestContext, r route) error {
	if err := v.limitAddress(); err != nil {
		return err
	}
	done, err := v.readBody(publicBody)
	if err != nil {
		return err
	}
	defer done()
	return r.handle(v)
}
