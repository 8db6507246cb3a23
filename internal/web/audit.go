package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/views"
)

// verified keeps what the last verification of the record found.
type verified struct {
	guard sync.Mutex
	last  audit.Verification
}

func (k *verified) set(v audit.Verification) {
	k.guard.Lock()
	defer k.guard.Unlock()
	k.last = v
}

func (k *verified) get() audit.Verification {
	k.guard.Lock()
	defer k.guard.Unlock()
	return k.last
}

func (s *Server) audit(v *visit) error {
	f := views.AuditFilter{Actor: v.Query("actor"), Action: v.Query("action"), Subject: v.Query("subject"), Outcome: v.Query("outcome"), Since: v.Query("since"), Until: v.Query("until"), Problems: map[string]string{}}
	filter := audit.Filter{
		Actor: f.Actor, Action: audit.Action(f.Action), Subject: audit.Subject(f.Subject), Result: audit.Result(f.Outcome), Limit: perPage, Offset: (v.page() - 1) * perPage,
		Since: day(f.Since, "since", f.Problems), Until: day(f.Until, "until", f.Problems),
	}
	entries, total, err := s.Log.Entries(v.Request.Context(), v.actor(), filter)
	if err != nil {
		return err
	}
	page := views.AuditPage{Frame: v.frame("Audit", "audit"), Filter: f, Total: total, Page: v.page(), Per: perPage, Verification: s.verification(v)}
	for _, action := range audit.Actions() {
		page.Actions = append(page.Actions, string(action))
	}
	for _, e := range entries {
		page.Entries = append(page.Entries, entryView(e))
	}
	if page.Bars, page.BarWidth, err = s.bars(v, filter); err != nil {
		return err
	}
	return v.render(http.StatusOK, views.Audit(page))
}

// shownBars is about how many bars a histogram has.
const shownBars = 48

// bars counts the entries over time, between the filter's ends or else those of the record, without gaps.
func (s *Server) bars(v *visit, f audit.Filter) ([]views.AuditBar, time.Duration, error) {
	ctx := v.Request.Context()
	first, last, err := s.Log.Span(ctx, v.actor(), f)
	if err != nil || first.IsZero() {
		return nil, 0, err
	}
	width := max(last.Sub(first)/shownBars, time.Minute).Round(time.Minute)
	found, err := s.Log.Histogram(ctx, v.actor(), f, width)
	if err != nil || len(found) == 0 {
		return nil, width, err
	}
	counted := map[int64]int64{}
	for _, b := range found {
		counted[b.At.UnixMicro()] = b.Count
	}
	var bars []views.AuditBar
	for at := found[0].At; !at.After(found[len(found)-1].At); at = at.Add(width) {
		bars = append(bars, views.AuditBar{At: at, Count: counted[at.UnixMicro()]})
	}
	return bars, width, nil
}

func (s *Server) verification(v *visit) views.Verification {
	last := s.verified.get()
	return views.Verification{At: last.At, Entries: last.Entries, Broken: last.Broken, Why: last.Why, CanVerify: v.actor().May(audit.AuditVerify)}
}

func entryView(e audit.Entry) views.AuditRow {
	row := views.AuditRow{
		Seq: e.Seq, At: e.At, Actor: e.Actor.Name, ActorKind: string(e.Actor.Kind), Addr: e.Actor.Addr, Action: string(e.Event.Action), Subject: string(e.Event.Subject),
		Outcome: string(e.Event.Result), Detail: views.AuditDetail{},
	}
	if json.Unmarshal(e.Detail, &row.Detail) != nil {
		row.Detail = views.AuditDetail{} // a broken entry is told by the verification
	}
	for _, name := range []string{"name", "home", "email"} {
		if text, is := row.Detail[name].(string); is && row.SubjectName == "" {
			row.SubjectName = text
		}
	}
	return row
}

func (s *Server) entry(v *visit) error {
	seq, err := v.number("seq")
	if err != nil {
		return err
	}
	e, err := s.Log.Entry(v.Request.Context(), v.actor(), seq)
	if err != nil {
		return err
	}
	_, err = s.Log.Entry(v.Request.Context(), v.actor(), seq+1)
	if err != nil && !errors.Is(err, audit.ErrNoEntry) {
		return err
	}
	var indented bytes.Buffer
	if json.Indent(&indented, e.Detail, "", "  ") != nil {
		indented.Write(e.Detail)
	}
	return v.render(http.StatusOK, views.AuditEntry(views.AuditEntryPage{
		Frame: v.frame("Entry", "audit"), Entry: entryView(e), Role: string(e.Actor.Role), DetailJSON: indented.String(), Hash: e.Hash, Prev: e.Prev, Last: err != nil,
	}))
}

func (s *Server) verifyAudit(v *visit) error {
	found, err := s.Log.Verify(v.Request.Context())
	if err != nil {
		return err
	}
	s.verified.set(found)
	if found.Whole() {
		v.say("ok", "The record is whole: every entry is as it was written.")
	} else {
		v.say("problem", "The record is broken. The badge names the first broken entry.")
	}
	return v.see("/audit")
}
