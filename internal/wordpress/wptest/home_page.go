package wptest

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// page is the home page, with what a cache in front of it says.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	if id := r.URL.Query().Get("p"); id != "" {
		w.Header().Set("Location", s.home()+"/post-"+url.PathEscape(id)+"/")
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	s.guard.Lock()
	since, cached := s.cached[r.URL.Path]
	if !s.purged {
		since, cached = s.begun.Add(-time.Hour), true
	} else if !cached {
		s.cached[r.URL.Path] = time.Now()
	}
	if !cached {
		since = time.Now()
	}
	fault := s.broken
	s.guard.Unlock()
	mark := ""
	if fault == NotCached {
		w.Header().Set("Cf-Cache-Status", "BYPASS")
	} else {
		mark = s.cacheSays(w, since, cached)
	}
	if fault != NoLinkHeader {
		w.Header().Set("Link", "<"+s.root(fault)+`>; rel="https://api.w.org/"`)
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	fmt.Fprintf(w, "<!doctype html><html><head><title>%s</title><meta name=\"generator\" content=\"WordPress %s\"></head><body><h1>%s</h1></body></html>%s",
		s.Name, []string{"7.1", "6.9.2", "6.8.3"}[s.number%3], s.Name, mark)
}
