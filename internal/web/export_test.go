package web

import (
	"time"

	"github.com/droverhq/drover/internal/expression"
)

// LimitExpressions sets limits that a test can wait for.
func (s *Server) LimitExpressions(l expression.Limits) { s.expressions = expression.NewPool(l) }

// Route is a line of the table of routes, for the tests that walk it.
type Route struct{ Method, Path string }

// Table lists the routes for people who are signed in.
func (s *Server) Table() []Route {
	var all []Route
	for _, r := range s.table() {
		all = append(all, Route{r.method, r.path})
	}
	return all
}

// API lists the routes for programs.
func (s *Server) API() []Route {
	var all []Route
	for _, r := range s.api() {
		all = append(all, Route{r.method, r.path})
	}
	return all
}

// Break adds a page whose handler panics.
func (s *Server) Break(path, with string) {
	s.engine.GET(path, s.anybody(route{handle: func(*requestContext) error { panic(with) }}))
}

// MostAtOnce is how many requests of a member may be under way.
const MostAtOnce = maxConcurrentRequests

// AfterAuthentication calls f with every request between its authentication and its handler.
func (s *Server) AfterAuthentication(f func(method, path string)) { s.authenticated = f }

// SetBodyTime bounds how long a body may take.
func (s *Server) SetBodyTime(d time.Duration) { s.bodyTime = d }

// WaitForChecks waits for the checks that go on after their request.
func (s *Server) WaitForChecks() { s.checks.Wait() }
