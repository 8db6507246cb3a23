package web

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/views"
)

// frameTime bounds how long one frame of a stream may take to be written; a browser that is gone is noticed by it.
const frameTime = 10 * time.Second

// streamRun sends the run's live part as it changes, then the event done. Whoever comes back reads from now on: the truth is in the
// database.
func (s *Server) streamRun(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	if _, err := s.Runner.Run(v.Request.Context(), v.actor(), id); err != nil {
		return err
	}
	above, err := s.Runner.ConfirmAbove(v.Request.Context())
	if err != nil {
		return err
	}
	v.Header("Content-Type", "text/event-stream")
	v.Header("X-Accel-Buffering", "no") // nginx would hold the frames back
	v.Status(http.StatusOK)
	ctx, cancel := context.WithCancel(v.Request.Context())
	defer cancel()
	var last []byte
	var places groupPlaces
	seen := time.Now()
	for snapshot := range s.watch.Follow(ctx, v.actor(), id) {
		if time.Since(seen) > seenEvery {
			if seen = time.Now(); !s.stillSees(v, id) {
				return nil
			}
		}
		var drawn bytes.Buffer
		view := runView(snapshot, v.actor(), above)
		view.Groups = places.keep(view.Groups)
		if err := views.RunProgress(view).Render(ctx, &drawn); err != nil {
			return err
		}
		if bytes.Equal(drawn.Bytes(), last) {
			continue
		}
		last = drawn.Bytes()
		if v.send("", drawn.String()) != nil {
			return nil // the browser is gone; nobody is left to tell
		}
	}
	if ctx.Err() == nil {
		_ = v.send("done", "done")
	}
	return nil
}

// groupPlaces are the groups of a run in the order in which its reader saw them first: what is being read does not move when another comes.
type groupPlaces []string

func (p *groupPlaces) keep(groups []views.RunGroup) []views.RunGroup {
	key := func(g views.RunGroup) string { return g.Outcome + " " + g.Reason }
	for _, g := range groups {
		if !slices.Contains(*p, key(g)) {
			*p = append(*p, key(g))
		}
	}
	kept := slices.Clone(groups)
	slices.SortStableFunc(kept, func(a, b views.RunGroup) int { return cmp.Compare(slices.Index(*p, key(a)), slices.Index(*p, key(b))) })
	return kept
}

// seenEvery is how often a stream looks whether its reader may still see it.
const seenEvery = 2 * time.Second

// stillSees tells whether whoever reads a stream is still signed in, with the same reach.
func (s *Server) stillSees(v *requestContext, run int64) bool {
	m, _, err := s.Roster.Authenticate(v.Request.Context(), v.token)
	if err != nil || fmt.Sprint(m.Actor(v.addr()).Scope) != fmt.Sprint(v.actor().Scope) || !m.Actor(v.addr()).May(access.RunRead) {
		return false
	}
	_, err = s.Runner.Run(v.Request.Context(), v.actor(), run)
	return err == nil
}

// send writes one event of a stream.
func (v *requestContext) send(event, data string) error {
	control := http.NewResponseController(v.Writer)
	if err := control.SetWriteDeadline(time.Now().Add(frameTime)); err != nil {
		return err
	}
	var frame strings.Builder
	if event != "" {
		frame.WriteString("event: " + event + "\n")
	}
	for line := range strings.SplitSeq(data, "\n") {
		frame.WriteString("data: " + line + "\n")
	}
	frame.WriteString("\n")
	if _, err := v.Writer.WriteString(frame.String()); err != nil {
		return err
	}
	return control.Flush()
}
