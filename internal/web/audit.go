package web

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

// verified keeps what the last verification of the audit log found.
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

// recordFilter reads which entries of the audit log the address asks for.
func recordFilter(q url.Values) (views.AuditFilter, audit.Filter) {
	shown := views.AuditFilter{
		Words: q.Get("q"), Actor: q.Get("actor"), Action: q.Get("action"), Subject: q.Get("subject"), Client: q.Get("client"), Outcome: q.Get("outcome"),
		Since: q.Get("since"), Until: q.Get("until"),
		Problems: map[string]string{},
	}
	f := audit.Filter{
		Words: shown.Words, Actor: shown.Actor, Action: access.Action(shown.Action), Client: shown.Client, Outcome: audit.Outcome(shown.Outcome), Limit: perPage,
		Since: day(shown.Since, "since", shown.Problems), Until: day(shown.Until, "until", shown.Problems),
	}
	f.Before, _ = strconv.ParseInt(q.Get("before"), 10, 64) // what is no number is the first page
	about(&f, shown.Subject)
	return shown, f
}

// about narrows the filter to what the entries are about. What is about a site is also what was run on it, and what is about a member also
// what they did.
func about(f *audit.Filter, subject string) {
	kind, number, _ := strings.Cut(subject, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	switch {
	case err == nil && kind == "site":
		f.Site = id
	case err == nil && kind == "member":
		f.Member = id
	default:
		f.Subject = access.Subject(subject)
	}
}

func (s *Server) audit(v *requestContext) error {
	return s.showAudit(v, http.StatusOK, "")
}

func (s *Server) showAudit(v *requestContext, status int, problem string) error {
	ctx, actor := v.Request.Context(), v.actor()
	shown, filter := recordFilter(v.Request.URL.Query())
	found, err := s.Log.Page(ctx, actor, filter)
	if err != nil {
		return err
	}
	page := views.AuditPage{
		Frame: v.frame("Audit", "audit"), Filter: shown, Count: found.Count, More: found.More, First: filter.Before == 0, Verification: s.verification(v),
		ViewProblem: problem,
	}
	for _, action := range access.Actions() {
		page.Actions = append(page.Actions, string(action))
	}
	if page.Clients, err = s.Registry.Clients(ctx, actor); err != nil {
		return err
	}
	if page.Entries, err = s.entryViews(v, found.Entries); err != nil {
		return err
	}
	if found.Older {
		page.Older = found.Entries[len(found.Entries)-1].Seq
	}
	if page.Saved, err = s.savedViews(v, audit.AuditViews); err != nil {
		return err
	}
	if page.Sinks, err = s.sinkStates(v); err != nil {
		return err
	}
	page.Bars, page.BarWidth = barsOf(found.Times)
	page.Counted = len(found.Times)
	return v.render(status, views.Audit(page))
}

// shownBars is about how many bars a histogram has.
const shownBars = 48

// barsOf counts the entries over time, from the first to the last, without gaps. The times are the newest first.
func barsOf(times []time.Time) ([]views.AuditBar, time.Duration) {
	if len(times) == 0 {
		return nil, 0
	}
	first, last := times[len(times)-1], times[0]
	width := max(last.Sub(first)/shownBars, time.Minute).Round(time.Minute)
	begin := first.Truncate(width)
	bars := make([]views.AuditBar, max(int(last.Sub(begin)/width), 0)+1)
	for i := range bars {
		bars[i].At = begin.Add(time.Duration(i) * width)
	}
	for _, at := range times {
		i := int(at.Sub(begin) / width)
		bars[min(max(i, 0), len(bars)-1)].Count++ // clocks of several processes differ a little
	}
	return bars, width
}

func (s *Server) verification(v *requestContext) views.Verification {
	last := s.verified.get()
	return views.Verification{At: last.At, Entries: last.Last(), Broken: last.Broken, Proven: last.Proven, Why: last.Why,
		CanVerify: v.actor().May(access.AuditVerify), CanSign: v.actor().May(access.AuditCheckpoint)}
}

func entryView(e audit.Entry) views.AuditRow {
	row := views.AuditRow{
		Seq: e.Seq, At: e.At, Actor: e.Actor.Name, ActorKind: string(e.Actor.Kind), Addr: e.Actor.Addr, Action: string(e.Event.Action),
		Subject: string(e.Event.Subject),
		Outcome: string(e.Event.Outcome), Detail: views.AuditDetail{},
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

// entryViews are the entries with the names of the sites that they are about, also where an entry holds none.
func (s *Server) entryViews(v *requestContext, entries []audit.Entry) ([]views.AuditRow, error) {
	rows, ids := make([]views.AuditRow, len(entries)), map[int]int64{}
	for i, e := range entries {
		rows[i] = entryView(e)
		if id, is := strings.CutPrefix(rows[i].Subject, "site:"); is && rows[i].SubjectName == "" {
			ids[i], _ = strconv.ParseInt(id, 10, 64) // 0 is no site
		}
	}
	names, err := s.Registry.Names(v.Request.Context(), v.actor(), slices.Collect(maps.Values(ids)))
	for i, id := range ids {
		rows[i].SubjectName = names[id]
	}
	return rows, err
}

func (s *Server) entry(v *requestContext) error {
	seq, err := v.number("seq")
	if err != nil {
		return err
	}
	e, err := s.Log.Entry(v.Request.Context(), v.actor(), seq)
	if err != nil {
		return err
	}
	rows, err := s.entryViews(v, []audit.Entry{e})
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
		Frame: v.frame("Entry "+strconv.FormatInt(e.Seq, 10), "audit"), Entry: rows[0],
		Role: string(e.Actor.Role), DetailJSON: indented.String(), Hash: e.Hash, Prev: e.Prev,
		Last: err != nil,
	}))
}

// signCheckpoint signs what the audit log is now, for the reader to keep elsewhere.
func (s *Server) signCheckpoint(v *requestContext) error {
	key, err := s.Signing()
	if err != nil {
		return err
	}
	checkpoint, err := s.Log.Checkpoint(v.Request.Context(), v.actor(), key)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(checkpoint, "", "  ")
	if err != nil {
		return err
	}
	name := "drover-record-" + checkpoint.At.Format(time.DateOnly) + "-" + strconv.FormatInt(checkpoint.Seq, 10) + ".json"
	return v.stream(file{name, "application/json"}, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// sinkStates tells how far the copies of the audit log elsewhere have come, for who may sign it.
func (s *Server) sinkStates(v *requestContext) ([]views.SinkState, error) {
	if !v.actor().May(access.AuditCheckpoint) {
		return nil, nil
	}
	states, err := s.AuditSinks.States(v.Request.Context())
	all := make([]views.SinkState, len(states))
	for i, state := range states {
		all[i] = views.SinkState{Name: state.Name, Seq: state.Seq, SentAt: state.SentAt, FailedAt: state.FailedAt, Problem: state.Problem}
	}
	return all, err
}

// verifySigned verifies the audit log against the key that signs its checkpoints, and keeps what it found.
func (s *Server) verifySigned(v *requestContext) (audit.Verification, error) {
	key, err := s.Signing()
	if err != nil {
		return audit.Verification{}, err
	}
	found, err := s.Log.VerifySigned(v.Request.Context(), key.Public().(ed25519.PublicKey), audit.Checkpoint{})
	if err == nil {
		s.verified.set(found)
	}
	return found, err
}

func (s *Server) verifyAudit(v *requestContext) error {
	found, err := s.verifySigned(v)
	if err != nil {
		return err
	}
	if found.Intact() {
		v.setFlash("ok", strings.Join(found.Sentences(), " "))
	} else {
		v.setFlash("problem", "The audit log is broken. The badge shows the first broken entry.")
	}
	return v.redirect("/audit")
}

// exportAudit gives the filtered record as a file, the newest first: as CSV for a spreadsheet, or as JSON lines with the hashes, so that it
// can be verified. The export is recorded before its first byte leaves.
func (s *Server) exportAudit(v *requestContext) error {
	shown, filter := recordFilter(v.Request.URL.Query())
	if len(shown.Problems) > 0 {
		return validation.Problems(shown.Problems)
	}
	filter.Before = 0
	asCSV := strings.HasSuffix(v.FullPath(), ".csv")
	ctx, actor := v.Request.Context(), v.actor()
	if err := s.Log.RecordAlone(ctx, actor, audit.Event{Action: access.AuditExport, Detail: map[string]any{"filter": shown.Encode(), "csv": asCSV}}); err != nil {
		return err
	}
	name := "drover-record-" + time.Now().UTC().Format(time.DateOnly)
	if asCSV {
		return v.stream(file{name + ".csv", "text/csv; charset=utf-8"}, func(w io.Writer) error { return s.exportRecordCSV(v, filter, w) })
	}
	return v.stream(file{name + ".jsonl", "application/x-ndjson"}, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return s.Log.Each(ctx, actor, filter, func(e audit.Entry) error { return encoder.Encode(e.Line()) })
	})
}

func (s *Server) exportRecordCSV(v *requestContext, filter audit.Filter, to io.Writer) error {
	w := spreadsheet.NewWriter(to)
	_ = w.Write("entry", "at", "who", "kind", "role", "from", "action", "subject", "outcome", "detail", "hash")
	err := s.Log.Each(v.Request.Context(), v.actor(), filter, func(e audit.Entry) error {
		return w.Write(strconv.FormatInt(e.Seq, 10), e.At.Format(time.RFC3339Nano), e.Actor.Name, string(e.Actor.Kind), string(e.Actor.Role), e.Actor.Addr,
			string(e.Event.Action), string(e.Event.Subject), string(e.Event.Outcome), string(e.Detail), e.Hash)
	})
	return errors.Join(err, w.Flush())
}

// verifiedFor is how old the verification on a printed page may be.
const verifiedFor = 10 * time.Minute

// mostPrinted bounds the entries of a printed page.
const mostPrinted = 2000

// printAudit is the filtered record on paper, the oldest first, with what proves it. It is an export as the others are.
func (s *Server) printAudit(v *requestContext) error {
	shown, filter := recordFilter(v.Request.URL.Query())
	if len(shown.Problems) > 0 {
		return validation.Problems(shown.Problems)
	}
	event := audit.Event{Action: access.AuditExport, Detail: map[string]any{"filter": shown.Encode(), "print": true}}
	if err := s.Log.RecordAlone(v.Request.Context(), v.actor(), event); err != nil {
		return err
	}
	filter.Before, filter.Limit = 0, mostPrinted
	if v.actor().May(access.AuditVerify) && time.Since(s.verified.get().At) > verifiedFor {
		if _, err := s.verifySigned(v); err != nil {
			return err
		}
	}
	found, err := s.Log.Page(v.Request.Context(), v.actor(), filter)
	if err != nil {
		return err
	}
	page := views.PrintedRecord{Filter: shown, Count: found.Count, More: found.More, At: time.Now().UTC(), By: v.member.Name, Verification: s.verification(v)}
	rows, err := s.entryViews(v, found.Entries)
	if err != nil {
		return err
	}
	for i := len(rows) - 1; i >= 0; i-- {
		page.Entries = append(page.Entries, views.PrintedEntry{AuditRow: rows[i], Hash: found.Entries[i].Hash})
	}
	return v.render(http.StatusOK, views.Printed(page))
}
