package web

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// errNotJSON is returned for a body that is not what the API takes.
var errNotJSON = errors.New("the API takes JSON: send Content-Type: application/json")

var errNoToken = errors.New("the API needs a valid token")

// api is what programs reach with a token. The answers are the lines of the command line's --json.
func (s *Server) api() []route {
	return []route{
		get("/api/v1/me", "", s.apiMe),
		get("/api/v1/sites", access.SiteRead, s.apiSites),
		get("/api/v1/runs", access.RunRead, s.apiRuns),
		post("/api/v1/runs", access.RunStart, s.apiStart, body(longestBody)),
		post("/api/v1/runs/preview", access.RunStart, s.apiPreview, body(longestBody)),
		get("/api/v1/runs/:id", access.RunRead, s.apiRun, on("run")),
		get("/api/v1/runs/:id/targets", access.RunRead, s.apiTargets, on("run")),
		get("/api/v1/runs/:id/answers", access.RunRead, s.apiAnswers, on("run")),
		post("/api/v1/runs/:id/rerun", access.RunStart, s.apiRerun, on("run"), body(longestBody)),
		get("/api/v1/operations", access.RunStart, s.apiOperations),
		post("/api/v1/runs/:id/cancel", access.RunCancel, s.apiCancel, on("run"), body(longestBody)),
		get("/api/v1/audit", access.AuditRead, s.apiAudit),
	}
}

// longestBody bounds what a program may send, in bytes: a parameter may hold a file.
const longestBody = 8 << 20

func (s *Server) apiMe(v *requestContext) error {
	a := v.actor()
	v.JSON(http.StatusOK, map[string]any{"name": a.Name, "role": a.Role, "reach": append(access.Scope{}, a.Scope...)})
	return nil
}

func (s *Server) apiSites(v *requestContext) error {
	q := v.Request.URL.Query()
	sel := sites.Selection{Clients: filled(q["client"]), Tags: filled(q["tag"]), State: sites.State(q.Get("state")), Query: q.Get("q"), Homes: filled(q["site"])}
	sel.All = empty(sel)
	found, err := s.Registry.Select(v.Request.Context(), v.actor(), sel)
	if err != nil {
		return err
	}
	found = NarrowSites(found, q)
	all := make([]SiteLine, len(found))
	for i, site := range found {
		all[i] = LineOfSite(site)
	}
	return lines(v, all)
}

// mostListed bounds the lines of a list.
const mostListed = 1000

func (s *Server) apiRuns(v *requestContext) error {
	limit, err := v.limit(50)
	if err != nil {
		return err
	}
	listed, _, err := s.Runner.Runs(v.Request.Context(), v.actor(),
		runs.Filter{Limit: limit, Operation: v.Query("operation"), State: runs.State(v.Query("state"))})
	if err != nil {
		return err
	}
	all := make([]RunLine, len(listed))
	for i, run := range listed {
		all[i] = LineOfRun(run.Run, run.Counts)
	}
	return lines(v, all)
}

// Start is what a program sends to start a run, or to see what it would do.
type Start struct {
	Operation string            `json:"operation"`
	Params    map[string]string `json:"params"`
	Selection sites.Selection   `json:"selection"`
	Limits    Limits            `json:"limits"`
	Verify    bool              `json:"verify"`
	Confirmed int               `json:"confirmed"`      // the number of sites, for what destroys
	Table     endpoint.Query    `json:"table,omitzero"` // how its answers are shown
}

// Limits make a run gentler than the server's own limits, or end it in time.
type Limits struct {
	AtOnce          int    `json:"at_once,omitempty"`            // sites under way at once
	AtOncePerServer int    `json:"at_once_per_server,omitempty"` // requests under way at once to one server
	TimeLimit       string `json:"time_limit,omitempty"`         // such as 10m; nothing is sent later
}

// Spec is the run that is meant. A time that cannot be read becomes one that the runner refuses, with a word on what to write.
func (s Start) Spec() runs.Spec {
	return runs.Spec{
		Operation: s.Operation, Params: s.Params, Selection: s.Selection, Verify: s.Verify, Confirmed: s.Confirmed, Table: s.Table,
		Limits: runs.Limits{AtOnce: s.Limits.AtOnce, AtOncePerServer: s.Limits.AtOncePerServer, TimeLimit: validation.ParseDuration(s.Limits.TimeLimit)},
	}
}

func (s *Server) apiStart(v *requestContext) error {
	var start Start
	if err := v.read(&start); err != nil {
		return err
	}
	if err := start.Table.Check(); err != nil {
		return validation.Problems{"table": sentenceOf(err)}
	}
	spec, err := s.Runner.WithIDs(v.Request.Context(), v.actor(), start.Spec())
	if err != nil {
		return err
	}
	run, err := s.Runner.Start(v.Request.Context(), v.actor(), spec)
	if err != nil {
		return err
	}
	v.Header("Location", fmt.Sprintf("/api/v1/runs/%d", run.ID))
	v.JSON(http.StatusCreated, LineOfRun(run, runs.Counts{Waiting: run.Total}))
	return nil
}

func (s *Server) apiPreview(v *requestContext) error {
	var start Start
	if err := v.read(&start); err != nil {
		return err
	}
	spec, err := s.Runner.WithIDs(v.Request.Context(), v.actor(), start.Spec())
	if err != nil {
		return err
	}
	p, err := s.Runner.Preview(v.Request.Context(), v.actor(), spec)
	if err != nil {
		return err
	}
	requests, last := LinesOfPreview(p)
	return lines(v, requests, last)
}

func (s *Server) apiRun(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	snapshot, err := s.Runner.Snapshot(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	v.JSON(http.StatusOK, LineOfRun(snapshot.Run, snapshot.Counts))
	return nil
}

func (s *Server) apiTargets(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	snapshot, err := s.Runner.Snapshot(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	filter := runs.TargetFilter{Run: id, Reason: wordpress.Reason(v.Query("reason"))}
	if outcome := v.Query("outcome"); outcome != "" {
		filter.Outcomes = []wordpress.Outcome{wordpress.Outcome(outcome)}
	}
	targets, _, err := s.Runner.Targets(v.Request.Context(), v.actor(), filter)
	if err != nil {
		return err
	}
	all := make([]TargetLine, len(targets))
	for i, t := range targets {
		all[i] = LineOfTarget(t)
	}
	return lines(v, all, LineOfRun(snapshot.Run, snapshot.Counts).End())
}

func (s *Server) apiCancel(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if err := s.Runner.Cancel(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	return s.apiRun(v)
}

func (s *Server) apiAudit(v *requestContext) error {
	limit, err := v.limit(100)
	if err != nil {
		return err
	}
	problems := validation.Problems{}
	f := audit.Filter{
		Actor: v.Query("actor"), Action: access.Action(v.Query("action")), Subject: access.Subject(v.Query("subject")), Outcome: audit.Outcome(v.Query("outcome")),
		Limit: limit,
		Since: day(v.Query("since"), "since", problems), Until: day(v.Query("until"), "until", problems),
	}
	if len(problems) > 0 {
		return problems
	}
	entries, _, err := s.Log.Entries(v.Request.Context(), v.actor(), f)
	if err != nil {
		return err
	}
	all := make([]audit.Line, len(entries))
	for i, e := range entries {
		all[i] = e.Line()
	}
	return lines(v, all)
}
