package wptest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
)

func (s *site) wait(ctx context.Context) {
	if s.Latency[1] <= 0 {
		return
	}
	pause(ctx, s.Latency[0]+rand.N(s.Latency[1]-s.Latency[0]+1))
}

// serve answers as the site's server does: the faults in front of WordPress first.
func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	if s.Answer != nil && s.Answer(w, r) {
		return
	}
	api := s.isAPI(r)
	if s.front(w, r, api) || s.shut(w, r, api) || s.instead(w, r, api) {
		return
	}
	if !api && r.URL.Path == "/xmlrpc.php" && r.Method == http.MethodPost {
		s.xmlrpc(w, r)
		return
	}
	if !api {
		if r.URL.Path == authorizePage {
			s.authorize(w, r)
			return
		}
		s.page(w, r)
		return
	}
	s.rest(w, r)
}

func (s *site) isAPI(r *http.Request) bool {
	return s.fault() == RenamedPrefix && strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/wp-json") ||
		strings.HasPrefix(r.URL.Path, "/index.php") || r.URL.Query().Has("rest_route")
}
