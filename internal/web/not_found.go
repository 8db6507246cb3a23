package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/droverhq/drover/internal/members"
)

// noPage says that there is no such page, to a member inside the frame.
func (s *Server) noPage(v *requestContext) error {
	if path := strings.TrimRight(v.Request.URL.Path, "/"); path != v.Request.URL.Path && v.Request.Method == http.MethodGet && path != "/static" {
		return v.redirect((&url.URL{Path: "/" + strings.Trim(path, "/"), RawQuery: v.Request.URL.RawQuery}).String()) // "//" would name a host
	}
	err := s.authenticate(v)
	if errors.Is(err, errNotSignedIn) || err == nil && (v.session.SecondFactorPending || v.session.MustEnrol) {
		v.member, err = members.Member{}, nil // a visitor, or somebody who has not signed in fully
	}
	return cmp.Or(err, errNoPage)
}
