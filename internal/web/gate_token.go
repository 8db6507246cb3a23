package web

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
)

// bearer serves programs that show a token. Cookies open nothing here, so no other site's page can use them.
func (s *Server) bearer(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		v := &requestContext{Context: c, server: s}
		err := s.serveBearer(v, r)
		if errors.Is(err, errNoToken) {
			c.Header("WWW-Authenticate", `Bearer realm="drover"`)
		}
		v.finish(err)
	}
}

func (s *Server) serveBearer(v *requestContext, r route) error {
	if err := v.limitAddress(); err != nil {
		return err
	}
	if err := s.authenticateToken(v); err != nil {
		return err
	}
	leave, entered := s.concurrency.acquire(v.bearer.ID)
	if !entered {
		return errTooManyRunning
	}
	defer leave()
	if err := v.limitMember(r, v.bearer.ID); err != nil {
		return err
	}
	done, err := v.readBody(cmp.Or(r.most, longestForm))
	if err != nil {
		return err
	}
	defer done()
	if v.Request.Method == http.MethodPost {
		if err := s.authenticateToken(v); err != nil {
			return err
		}
	}
	if s.authenticated != nil {
		s.authenticated(r.method, r.path)
	}
	if r.right != "" {
		if err := s.Log.Authorize(v.Request.Context(), v.actor(), r.right, r.subjectOf(v.Context)); err != nil {
			return err
		}
	}
	return r.handle(v)
}

// authenticateToken finds out whose token the request shows, or returns errNoToken.
func (s *Server) authenticateToken(v *requestContext) (err error) {
	kind, token, _ := strings.Cut(v.GetHeader("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return errNoToken
	}
	if v.bearer, err = s.Roster.Bearer(v.Request.Context(), vault.NewSecret(strings.TrimSpace(token)), v.addr()); errors.Is(err, members.ErrToken) {
		return errNoToken
	}
	v.Set(memberKey, v.bearer.ID)
	return err
}
