package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/validation"
)

// undoFor is how long a run that a person started can be undone, where it destroys or changes many sites.
const undoFor = 10 * time.Second

// person is who starts a run on a page, having been shown what the digest identifies.
func (s *Server) person(shown string) *runs.Person {
	return &runs.Person{Shown: shown, Wait: undoFor}
}

// changeRun does something with the run that the path names, and leads back to it. What comes too late is said there.
func (s *Server) changeRun(v *requestContext, do func(context.Context, access.Actor, int64) error, done string) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	err = do(v.Request.Context(), v.actor(), id)
	switch {
	case errors.Is(err, runs.ErrBegun):
		v.setFlash("problem", "Too late: the run has started. You can still cancel the sites that are waiting.")
	case err != nil:
		return err
	case done != "":
		v.setFlash("ok", done)
	}
	return v.redirect(fmt.Sprintf("/runs/%d", id))
}

func (s *Server) cancelRun(v *requestContext) error {
	return s.changeRun(v, s.Runner.Cancel, "Cancelled. No more requests will be sent. Requests already sent will finish.")
}

func (s *Server) undoRun(v *requestContext) error {
	return s.changeRun(v, s.Runner.Undo, "Undone. Nothing was sent.")
}

func (s *Server) startRunNow(v *requestContext) error {
	return s.changeRun(v, s.Runner.StartNow, "")
}

func (s *Server) rerun(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	which := whichOf(form.Get("outcome"), form.Get("reason"))
	if spec, err := s.Runner.RerunSpec(v.Request.Context(), v.actor(), id, which); err == nil && form.Get("sites") != "" {
		if now := len(spec.Selection.IDs); form.Get("sites") != strconv.Itoa(now) { // a target ended after the page was drawn
			return s.showRun(v, http.StatusConflict, validation.Problems{"outcome": fmt.Sprintf("Nothing was started: this would now run on %s, not on %s.",
				countedSites(now), form.Get("sites"))})
		}
	}
	run, err := s.Runner.RerunAs(v.Request.Context(), v.actor(), id, which, runs.Spec{Confirmed: validation.ParseCount(form.Get("confirm")), Person: s.person("")})
	if err != nil {
		return err
	}
	return v.redirect(fmt.Sprintf("/runs/%d", run.ID))
}
