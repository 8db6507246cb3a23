package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

// retention shows how long results are kept, and what is old enough to be removed now.
func (s *Server) retention(v *requestContext) error {
	rule, err := s.Runner.Retention(v.Request.Context())
	if err != nil {
		return err
	}
	return s.showRetention(v, http.StatusOK, rule, nil)
}

func (s *Server) showRetention(v *requestContext, status int, rule runs.Retention, problems validation.Problems) error {
	p := views.RetentionPage{Frame: v.frame("Retention", "settings")}
	expirable := map[runs.Expired]runs.Expirable{}
	if problems == nil {
		var err error
		if expirable, err = s.Runner.Expirable(v.Request.Context(), rule, time.Now()); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		part               runs.Expired
		name, label, about string
		days               int
	}{
		{runs.AnswersExpired, "answers", "Answers", "What the sites answered: the tables of answers and the bodies of requests.", rule.Answers},
		{runs.AttemptsExpired, "attempts", "Requests", "Each request to a site, with its status and time.", rule.Attempts},
		{runs.TargetsExpired, "targets", "Results per site", "What happened on each site. The totals of each run are kept forever.", rule.Targets},
	} {
		value := strconv.Itoa(part.days)
		if problems != nil {
			value = v.PostForm(part.name)
		}
		found := expirable[part.part]
		p.Parts = append(p.Parts, views.RetentionPart{About: part.about, Runs: found.Runs, Rows: found.Rows, Bytes: found.Bytes,
			Field: views.Field{Name: part.name, Label: part.label + " (days)", Type: "number", Value: value, Problem: problems[part.name], Required: true}})
	}
	return v.render(status, views.RetentionSettings(p))
}

func (s *Server) changeRetention(v *requestContext) error {
	problems := validation.Problems{}
	days := func(name string) int {
		n := validation.ParseCount(v.PostForm(name))
		if n < 0 {
			problems[name] = "Enter a number of days, or 0 to keep everything."
		}
		return n
	}
	rule := runs.Retention{Answers: days("answers"), Attempts: days("attempts"), Targets: days("targets")}
	var err error
	if len(problems) == 0 {
		err = s.Runner.SetRetention(v.Request.Context(), v.actor(), rule)
	}
	if p, is := errors.AsType[validation.Problems](err); is {
		problems = p
	} else if err != nil {
		return err
	}
	if len(problems) > 0 {
		return s.showRetention(v, http.StatusUnprocessableEntity, rule, problems)
	}
	v.setFlash("ok", "Saved. Older results are removed within an hour, a few at a time.")
	return v.redirect("/settings/retention")
}
