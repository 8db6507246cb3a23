package web

import (
	"time"

	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
)

// The lines are what the API answers and the command line prints with --json: one JSON object each. Others rely on their names.

// TargetLine is what happened on one site of a run.
type TargetLine struct {
	Site     string `json:"site"`
	Outcome  string `json:"outcome"`
	Reason   string `json:"reason"`
	Status   int    `json:"status"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Note     string `json:"note,omitempty"`
	Attempts int    `json:"attempts"`
	TookMS   int64  `json:"took_ms"`
	Verified string `json:"verified,omitempty"`
}

// LineOfTarget is the target's line.
func LineOfTarget(t runs.Target) TargetLine {
	return TargetLine{t.Home, string(t.Outcome), string(t.Reason), t.Status, t.Code, t.Message, t.Note, t.Attempts, t.Took.Milliseconds(), string(t.Verified)}
}

// EndLine ends the lines of a run's targets.
type EndLine struct {
	Run    int64       `json:"run"`
	State  runs.State  `json:"state"`
	Counts runs.Counts `json:"counts"`
}

// RunLine is a run in a list.
type RunLine struct {
	Run       int64            `json:"run"`
	Title     string           `json:"title"`
	Operation string           `json:"operation"`
	Effect    operation.Effect `json:"effect"`
	State     runs.State       `json:"state"`
	By        string           `json:"by"`
	CreatedAt time.Time        `json:"created_at"`
	EndedAt   time.Time        `json:"ended_at,omitzero"`
	Sites     int              `json:"sites"`
	Verify    bool             `json:"verify,omitempty"`
	Counts    runs.Counts      `json:"counts"`
}

// LineOfRun is the run's line.
func LineOfRun(run runs.Run, counts runs.Counts) RunLine {
	return RunLine{run.ID, run.Title, run.Spec.Operation, run.Effect, run.State, run.Actor.Name, run.CreatedAt, run.EndedAt, run.Total, run.Spec.Verify, counts}
}

// End is the line that ends the lines of the run's targets.
func (r RunLine) End() EndLine { return EndLine{r.Run, r.State, r.Counts} }

// RequestLine is what a run would send to one site.
type RequestLine struct {
	Site    string `json:"site"`
	Method  string `json:"method"`
	URL     string `json:"url"`
	Body    string `json:"body"`
	Warning string `json:"warning"`
}

// PreviewLine ends the lines of what a run would send.
type PreviewLine struct {
	DryRun   bool             `json:"dry_run"`
	Title    string           `json:"title"`
	Effect   operation.Effect `json:"effect"`
	Sites    int              `json:"sites"`
	LeftOut  int              `json:"left_out"`
	Warnings []string         `json:"warnings"`
}

// LinesOfPreview are the lines of a preview.
func LinesOfPreview(p runs.Preview) ([]RequestLine, PreviewLine) {
	all := make([]RequestLine, len(p.Requests))
	for i, r := range p.Requests {
		all[i] = RequestLine{r.Home, r.Method, r.URL, r.Body, r.Warning}
	}
	return all, PreviewLine{true, p.Title, p.Effect, p.Total, len(p.LeftOut), append([]string{}, p.Warnings...)}
}

// SiteLine is one site of the list.
type SiteLine struct {
	ID            int64       `json:"id"`
	Site          string      `json:"site"`
	Name          string      `json:"name"`
	Client        string      `json:"client"`
	Tags          []string    `json:"tags"`
	State         sites.State `json:"state"`
	Finding       string      `json:"finding"`
	Username      string      `json:"username"`
	PluginVersion string      `json:"plugin_version"`
	Cache         string      `json:"cache"`
	Mode          string      `json:"mode"`
	Environment   string      `json:"environment"`
	StateAsOf     string      `json:"state_as_of"` // when a check or a run last told it; empty: never
	CacheAsOf     string      `json:"cache_as_of"`
}

// LineOfSite is the site's line.
func LineOfSite(s sites.Site) SiteLine {
	return SiteLine{s.ID, s.Home, s.Name, s.Client, append([]string{}, s.Tags...), s.State, s.Finding, s.Credential.Username, s.PluginVersion, s.CacheState,
		s.SetupMode, s.Environment, timeOrEmpty(s.SeenAt), timeOrEmpty(s.CacheAt)}
}

func timeOrEmpty(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
