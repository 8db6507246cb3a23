package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/wordpress"
)

// apiAnswers gives a run's answers, one JSON object a line, while they are read.
func (s *Server) apiAnswers(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	query := queryOf(v.Request.URL.Query())
	return s.withPlace(v, func(place *expression.Place) error {
		return v.stream(file{fmt.Sprintf("drover-run-%d-answers.jsonl", id), "application/x-ndjson"}, func(to io.Writer) error {
			encoder := json.NewEncoder(to)
			encoder.SetEscapeHTML(false)
			return EachAnswer(v.Request.Context(), s.Runner, v.actor(), place, id, query, func(l AnswerLine) error { return encoder.Encode(l) })
		})
	})
}

// Rerun is what a program sends to run the same again on sites of an earlier run.
type Rerun struct {
	Outcomes  []wordpress.Outcome `json:"outcomes"`
	Reason    wordpress.Reason    `json:"reason"`
	Confirmed int                 `json:"confirmed"` // the number of sites, for what destroys
}

func (s *Server) apiRerun(v *requestContext) error {
	earlier, err := s.runOf(v)
	if err != nil {
		return err
	}
	var chosen Rerun
	if err := v.read(&chosen); err != nil {
		return err
	}
	run, err := s.Runner.Rerun(v.Request.Context(), v.actor(), earlier.ID, runs.Which{Outcomes: chosen.Outcomes, Reason: chosen.Reason}, chosen.Confirmed)
	if err != nil {
		return err
	}
	v.Header("Location", fmt.Sprintf("/api/v1/runs/%d", run.ID))
	v.JSON(http.StatusCreated, LineOfRun(run, runs.Counts{Waiting: run.Total}))
	return nil
}

// OperationLine is one saved operation.
type OperationLine struct {
	ID int64 `json:"id"` // negative for those that come with Drover
	saved.Definition
	Builtin bool `json:"builtin"`
}

// LineOfOperation is the operation's line.
func LineOfOperation(o saved.Operation) OperationLine {
	return OperationLine{o.ID, o.Definition, o.Builtin()}
}

func (s *Server) apiOperations(v *requestContext) error {
	found, err := s.Library.Usable(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	all := make([]OperationLine, len(found))
	for i, o := range found {
		all[i] = LineOfOperation(o)
	}
	return lines(v, all)
}

// Matches tells whether the target is one of those to run again.
func (r Rerun) Matches(t TargetLine) bool {
	return t.Outcome != "" && (len(r.Outcomes) == 0 || slices.Contains(r.Outcomes, wordpress.Outcome(t.Outcome))) && (r.Reason == "" ||
		string(r.Reason) == t.Reason)
}
