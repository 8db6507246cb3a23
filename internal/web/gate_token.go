package web

import (
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
)

// bearer serves programs that show a token. Cookies open nothing here, so no other site's page can use them.
func (s *Server) bearer(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		v := &requestContext{Context: c, server: s}
		err := s.serveReceived(v, r, s.authenticateToken, s.serveBearer)
		if errors.Is(err, errNoToken) {
			c.Header("WWW-Authenticate", `Bearer realm="drover"`)
		}
		v.finish(err)
	}
}

func (s *Server) serveBearer(v *requestContext, r route) error {
	if err := s.authorize(v, r); err != nil {
		return err
	}
	return r.answer(v)
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
