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
		defer s.Attend()()
		if r.secret {
			leaveUncompressed(c)
		}
		v.finish(s.serveMember(v, r))
	}
}

func (s *Server) serveMember(v *requestContext, r route) error {
	err := s.serveReceived(v, r, s.authenticate, s.serveAuthenticated)
	if errors.Is(err, errNotSignedIn) {
		v.redirectFirst("/sign-in") // the cookie stays: a request of another tab may just have been answered with a newer one
		return nil
	}
	return err
}

// serveReceived authenticates, reads the request within the limits of whoever sends it, and serves it. Sessions and tokens go through it alike.
func (s *Server) serveReceived(v *requestContext, r route, authenticate func(*requestContext) error, serve func(*requestContext, route) error) error {
	if err := v.limitAddress(); err != nil {
		return err
	}
	if err := authenticate(v); err != nil {
		return err
	}
	id := v.actor().ID
	release, acquired := s.concurrency.acquire(id)
	if !acquired {
		return errTooManyRunning
	}
	defer release()
	if err := v.limitMember(r, id); err != nil {
		return err
	}
	done, err := v.readBody(cmp.Or(r.most, longestForm))
	if err != nil {
		return err
	}
	defer done()
	// Whatever changed while the body arrived counts. What changes from here on, the audit log's Record looks at.
	if v.Request.Method == http.MethodPost {
		if err := authenticate(v); err != nil {
			return err
		}
	}
	if s.authenticated != nil {
		s.authenticated(r.method, r.path)
	}
	return serve(v, r)
}

// errNotSignedIn is returned where no session is shown, or none that counts.
var errNotSignedIn = errors.New("nobody is signed in")

// authenticate finds out whose session the request shows, or returns errNotSignedIn.
func (s *Server) authenticate(v *requestContext) (err error) {
	token, err := v.Cookie(s.cookieName())
	if err != nil || token == "" {
		return errNotSignedIn
	}
	v.token = vault.NewSecret(token)
	if v.member, v.session, err = s.Roster.Authenticate(v.Request.Context(), v.token); errors.Is(err, members.ErrNoSession) {
		return errNotSignedIn
	}
	if err == nil {
		v.Set(memberKey, v.member.ID)
	}
	return err
}

// authorize asks whether the route is allowed, so that a refusal is recorded.
func (s *Server) authorize(v *requestContext, r route) error {
	if r.right == "" {
		return nil
	}
	return s.Log.Authorize(v.Request.Context(), v.actor(), r.right, r.subjectOf(v.Context))
}

// serveAuthenticated serves a member: the steps of signing in that are left come first, and a recent authentication where the route needs one.
func (s *Server) serveAuthenticated(v *requestContext, r route) error {
	if to := s.requiredStep(r, v); to != "" {
		v.redirectFirst(to)
		return nil
	}
	if err := s.authorize(v, r); err != nil {
		return err
	}
	needed, err := s.mustReauthenticate(r, v)
	if err != nil {
		return err
	}
	if needed {
		return s.reauthenticateFirst(v)
	}
	return r.answer(v)
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
	return r.answer(v)
}
