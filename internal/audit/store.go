package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
)

type store struct {
	db       *gorm.DB
	subjects []SubjectQueries
}

// New returns the log over the database. The owners of the subjects say how to find theirs.
func New(db *gorm.DB, subjects ...SubjectQueries) *Log {
	return &Log{store: store{db, subjects}, now: time.Now}
}

type row struct {
	Seq       int64 `gorm:"primaryKey;autoIncrement:false"`
	At        int64
	ActorKind access.Kind
	ActorID   int64
	ActorName string
	Role      access.Role
	Action    access.Action
	Subject   access.Subject
	Outcome   Result
	Detail    string
	Addr      string
	Prev      string
	Hash      string
}

func (row) TableName() string { return "entries" }

func (r row) entry() Entry {
	return Entry{
		Seq: r.Seq, At: time.UnixMicro(r.At).UTC(), Prev: r.Prev, Hash: r.Hash, Detail: json.RawMessage(r.Detail),
		Actor: access.Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName, Role: r.Role, Addr: r.Addr},
		Event: Event{Action: r.Action, Subject: r.Subject, Result: r.Outcome},
	}
}

// chainLock is the number of PostgreSQL's advisory lock that makes writers of the audit log take turns until they commit.
const chainLock = 0x64726f766572

// Record writes the event into the audit log, inside the transaction of the change that it tells of.
func (l *Log) Record(tx *gorm.DB, actor access.Actor, event Event) error {
	if err := takeTurn(tx); err != nil {
		return err
	}
	var last row
	if err := tx.Select("seq", "hash").Order("seq DESC").Limit(1).Find(&last).Error; err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	next, err := l.next(last, actor, event)
	if err != nil {
		return err
	}
	return wrap(tx.Create(&next).Error)
}

// next is the row that tells of the event after the last one.
func (l *Log) next(last row, actor access.Actor, event Event) (row, error) {
	if event.Result == "" {
		event.Result = Done
	}
	detail, err := canonicalDetail(event.Detail)
	if err != nil {
		return row{}, err
	}
	r := row{
		Seq: last.Seq + 1, At: l.now().UnixMicro(), ActorKind: actor.Kind, ActorID: actor.ID, ActorName: actor.Name, Role: actor.Role,
		Action: event.Action, Subject: event.Subject, Outcome: event.Result, Detail: string(detail), Addr: actor.Addr, Prev: last.Hash,
	}
	r.Hash = r.sum()
	return r, nil
}

// RecordMany writes n events that change nothing else, in one transaction.
func (l *Log) RecordMany(ctx context.Context, n int, event func(i int) (access.Actor, Event)) error {
	return l.store.atTheEnd(ctx, func(w chained, seq int64, hash string) error {
		rows := make([]row, n)
		last := row{Seq: seq, Hash: hash}
		for i := range rows {
			actor, e := event(i)
			var err error
			if rows[i], err = l.next(last, actor, e); err != nil {
				return err
			}
			last = rows[i]
		}
		return wrap(w.tx.CreateInBatches(&rows, insertedAtOnce).Error)
	})
}

// insertedAtOnce bounds the rows of one statement: the SQLite driver binds parameters in time that grows with their square.
const insertedAtOnce = 60

// RecordAlone writes an event that changes nothing else, in a transaction of its own.
func (l *Log) RecordAlone(ctx context.Context, actor access.Actor, event Event) error {
	return l.store.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return l.Record(tx, actor, event) })
}

// chained is a transaction in which nobody else writes to the audit log.
type chained struct{ tx *gorm.DB }

func (w chained) record(l *Log, actor access.Actor, event Event) error {
	return l.Record(w.tx, actor, event)
}

// atTheEnd calls f with the last entry's number and hash, while nobody can write another.
func (s store) atTheEnd(ctx context.Context, f func(w chained, seq int64, hash string) error) error {
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := takeTurn(tx); err != nil {
			return err
		}
		var last row
		if err := tx.Select("seq", "hash").Order("seq DESC").Limit(1).Find(&last).Error; err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		return f(chained{tx}, last.Seq, last.Hash)
	})
}

// takeTurn makes writers of the audit log wait for each other until they commit. SQLite's transactions do so by themselves.
func takeTurn(tx *gorm.DB) error {
	if tx.Name() != "postgres" {
		return nil
	}
	if err := tx.Exec("SELECT pg_advisory_xact_lock(?)", int64(chainLock)).Error; err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// Filter chooses entries; a zero field does not filter.
type Filter struct {
	Actor        string // part of the name, in any case
	Action       access.Action
	Subject      access.Subject
	Site         int64  // about the site, and about runs that went to it
	Member       int64  // by the member or a token of theirs, or about them
	Client       string // about a site of the client now, and about runs that went to one
	Result       Result
	Words        string    // all of them, wherever they stand; a * after one finds its beginnings
	Since, Until time.Time // from Since, before Until
	Before       int64     // older than this entry; pages go on so
	Limit        int       // 50 when 0
}

// Page is a page of entries.
type Page struct {
	Entries []Entry
	Older   bool        // there are older ones than those on the page
	Count   int64       // how many match in all, Before aside
	More    bool        // counting stopped at Count, and there are more
	Times   []time.Time // when the newest of all that match were written, the newest first
}

// Where counting stops, and telling times: an exact count of a filtered million takes longer than its reader waits.
const (
	mostCounted = 10_000
	mostTimes   = 1_000
	mostLooked  = 200 // where each entry is looked up in the index of words
)

// Page returns the chosen entries within the actor's reach, the newest first.
func (l *Log) Page(ctx context.Context, actor access.Actor, f Filter) (Page, error) {
	c, err := l.store.chosen(ctx, actor, f)
	if err != nil || c.none {
		return Page{}, err
	}
	told, most := c.bounds()
	marks, err := l.store.newest(ctx, c, 0, told+1)
	if err != nil {
		return Page{}, err
	}
	p, err := l.page(ctx, c, f, marks[:min(len(marks), told)])
	if err != nil {
		return p, err
	}
	p.Count = int64(len(marks))
	for _, m := range marks[:min(len(marks), told)] {
		p.Times = append(p.Times, time.UnixMicro(m.At).UTC())
	}
	if len(marks) <= told {
		return p, nil
	}
	if p.Count, err = l.store.count(ctx, c, most+1); p.Count > most {
		p.Count, p.More = most, true
	}
	return p, err
}

// page reads the entries of a page. Marks are the newest of all that match, where they are known already.
func (l *Log) page(ctx context.Context, c chosen, f Filter, marks []mark) (Page, error) {
	limit := cmp.Or(f.Limit, 50)
	if told, _ := c.bounds(); f.Before > 0 || marks == nil || len(marks) == told && limit >= told {
		var err error
		if marks, err = l.store.newest(ctx, c, f.Before, limit+1); err != nil {
			return Page{}, err
		}
	}
	p := Page{Older: len(marks) > limit}
	seqs := make([]int64, min(len(marks), limit))
	for i := range seqs {
		seqs[i] = marks[i].Seq
	}
	rows, err := l.store.rows(ctx, seqs)
	p.Entries = entriesOf(rows)
	return p, err
}

// Each calls each with every chosen entry within the actor's reach, the newest first, for an export.
func (l *Log) Each(ctx context.Context, actor access.Actor, f Filter, each func(Entry) error) error {
	c, err := l.store.chosen(ctx, actor, f)
	if err != nil || c.none {
		return err
	}
	for f.Limit = exportedAtOnce; ; {
		p, err := l.page(ctx, c, f, nil)
		if err != nil {
			return err
		}
		for _, e := range p.Entries {
			if err := each(e); err != nil {
				return err
			}
		}
		if !p.Older {
			return nil
		}
		f.Before = p.Entries[len(p.Entries)-1].Seq
	}
}

// exportedAtOnce is how many entries of an export are in memory.
const exportedAtOnce = 500

// Entries returns what Page returns, and the count.
func (l *Log) Entries(ctx context.Context, actor access.Actor, f Filter) ([]Entry, int64, error) {
	p, err := l.Page(ctx, actor, f)
	return p.Entries, p.Count, err
}

func entriesOf(rows []row) []Entry {
	entries := make([]Entry, len(rows))
	for i, r := range rows {
		entries[i] = r.entry()
	}
	return entries
}

// distinctActors walks the index from name to name: there are few names and many entries.
const distinctActors = `WITH RECURSIVE names (name) AS (
	SELECT min(actor_name) FROM entries
	UNION ALL
	SELECT (SELECT min(actor_name) FROM entries WHERE actor_name > names.name) FROM names WHERE names.name IS NOT NULL)
	SELECT name FROM names WHERE name IS NOT NULL`

// actorsLike returns the names that hold the text, in any case.
func (s store) actorsLike(ctx context.Context, text string) ([]string, error) {
	var names []string
	if err := s.db.WithContext(ctx).Raw(distinctActors).Scan(&names).Error; err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	text = strings.ToLower(text)
	return slices.DeleteFunc(names, func(name string) bool { return !strings.Contains(strings.ToLower(name), text) }), nil
}

// ErrNoEntry is returned for a number that the audit log does not have.
var ErrNoEntry = gorm.ErrRecordNotFound

// Entry returns one entry, or ErrNoEntry where there is none within the actor's reach.
func (l *Log) Entry(ctx context.Context, actor access.Actor, seq int64) (Entry, error) {
	var r row
	c, err := l.store.chosen(ctx, actor, Filter{})
	if err == nil {
		err = c.on(l.store.db.WithContext(ctx), false).Where("entries.seq = ?", seq).Take(&r).Error
	}
	if err != nil {
		return Entry{}, fmt.Errorf("audit: entry %d: %w", seq, err)
	}
	return r.entry(), nil
}

// After returns up to limit entries after the number, in order, for who keeps a copy of the audit log elsewhere.
func (l *Log) After(ctx context.Context, seq int64, limit int) ([]Entry, error) {
	var rows []row
	if err := l.store.db.WithContext(ctx).Where("seq > ?", seq).Order("seq").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return entriesOf(rows), nil
}

// lastDone is when the action was last done; zero when never.
func (w chained) lastDone(action access.Action) (time.Time, error) {
	var at int64
	err := w.tx.Model(&row{}).Select("at").Where("action = ? AND outcome = ?", action, Done).Order("seq DESC").Limit(1).Scan(&at).Error
	if err != nil || at == 0 {
		return time.Time{}, err
	}
	return time.UnixMicro(at), nil
}

// stretch calls each with the rows of the entries after one number up to another, in order. The row is only good during the call.
func (s store) stretch(ctx context.Context, after, upTo int64, each func(*row) error) error {
	rows, err := s.db.WithContext(ctx).Raw(`SELECT seq, at, actor_kind, actor_id, actor_name, role, action, subject, outcome, detail, addr, prev, hash
		FROM entries WHERE seq > ? AND seq <= ? ORDER BY seq`, after, upTo).Rows()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	defer rows.Close()
	var r row
	for rows.Next() {
		err := rows.Scan(&r.Seq, &r.At, &r.ActorKind, &r.ActorID, &r.ActorName, &r.Role, &r.Action, &r.Subject, &r.Outcome, &r.Detail, &r.Addr, &r.Prev, &r.Hash)
		if err == nil {
			err = each(&r)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

// copied returns ErrNotCopied where a copy of the audit log elsewhere lacks entries up to the number.
func (s store) copied(ctx context.Context, last int64) error {
	var r struct {
		Name string
		Seq  int64
	}
	if err := s.db.WithContext(ctx).Raw("SELECT name, seq FROM streams WHERE seq < ? ORDER BY seq LIMIT 1", last).Scan(&r).Error; err != nil {
		return wrap(err)
	}
	if r.Name != "" {
		return fmt.Errorf("%w: %s has those up to %d of %d", ErrNotCopied, r.Name, r.Seq, last)
	}
	return nil
}

// anchored tells whether the audit log has been cut at the entry.
func (s store) anchored(ctx context.Context, seq int64, hash string) (bool, error) {
	var n int64
	err := s.db.WithContext(ctx).Raw("SELECT count(*) FROM anchors WHERE seq = ? AND hash = ?", seq, hash).Scan(&n).Error
	return n == 1, wrap(err)
}

// anchor is where the audit log begins, 0 and empty for a log of which nothing was archived.
func (s store) anchor(ctx context.Context) (seq int64, hash, checkpoint string, err error) {
	var r struct {
		Seq              int64
		Hash, Checkpoint string
	}
	err = s.db.WithContext(ctx).Raw("SELECT seq, hash, checkpoint FROM anchors ORDER BY seq DESC LIMIT 1").Scan(&r).Error
	return r.Seq, r.Hash, r.Checkpoint, wrap(err)
}

// last is the number of the last entry, 0 for an empty record.
func (s store) last(ctx context.Context) (int64, error) {
	var seqs []int64
	err := s.db.WithContext(ctx).Model(&row{}).Order("seq DESC").Limit(1).Pluck("seq", &seqs).Error
	if err != nil || len(seqs) == 0 {
		return 0, wrap(err)
	}
	return seqs[0], nil
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

type viewRow struct {
	ID       int64 `gorm:"primaryKey"`
	MemberID int64
	Name     string
	Query    string
}

func (viewRow) TableName() string { return "audit_views" }

func (s store) views(ctx context.Context, member int64) ([]View, error) {
	var rows []viewRow
	err := s.db.WithContext(ctx).Where("member_id = ?", member).Order("lower(name), id").Find(&rows).Error
	all := make([]View, len(rows))
	for i, r := range rows {
		all[i] = View{r.ID, r.Name, r.Query}
	}
	return all, wrap(err)
}

// putView stores the view, in place of one of the same name.
func (s store) putView(ctx context.Context, member int64, v View) error {
	return wrap(s.db.WithContext(ctx).Exec("INSERT INTO audit_views (member_id, name, query) VALUES (?, ?, ?) ON CONFLICT (member_id, name) DO UPDATE SET query = excluded.query", member, v.Name, v.Query).Error)
}

func (s store) removeView(ctx context.Context, member, id int64) error {
	return wrap(s.db.WithContext(ctx).Where("member_id = ? AND id = ?", member, id).Delete(&viewRow{}).Error)
}

// chosen is a filter made into conditions, with what is known of how many entries they leave.
type chosen struct {
	none       bool // there can be no such entry
	match      string
	common     bool // so many entries hold the words that the other conditions are better looked at first
	conditions []condition
}

// condition is a part of a WHERE. Where it leaves many entries, walking the audit log from its end finds the newest sooner than an index that
// holds all of them.
type condition struct {
	sql, walking string // walking is empty where it makes no difference
	values       []any
	top          func(before int64, limit int) (query string, values []any) // the newest that fulfil it, from an index; nil where there is none
}

func (c *chosen) add(sql string, values ...any) {
	c.conditions = append(c.conditions, condition{sql: sql, values: values})
}

// alone is the only condition, where an index has the newest that fulfil it.
func (c *chosen) alone() func(before int64, limit int) (string, []any) {
	if len(c.conditions) != 1 || c.match != "" && !c.common {
		return nil
	}
	return c.conditions[0].top
}

func (c *chosen) wordsAlone() bool { return c.match != "" && len(c.conditions) == 0 }

// bounds are how many of the newest are told by time, and where counting stops.
func (c *chosen) bounds() (told int, counted int64) {
	if c.common && !c.wordsAlone() {
		return mostLooked, mostLooked
	}
	return mostTimes, mostCounted
}

// on puts the conditions on a query of the entries.
func (c *chosen) on(db *gorm.DB, walking bool) *gorm.DB {
	q := db.Model(&row{})
	for _, each := range c.conditions {
		sql := each.sql
		if walking && each.walking != "" {
			sql = each.walking
		}
		q = q.Where(sql, each.values...)
	}
	switch {
	case c.match == "":
	case db.Name() == "postgres":
		q = q.Where(spokenPostgres, c.match)
	case c.common:
		q = q.Where(spokenHere, c.match)
	default:
		q = q.Where("entries.seq IN (SELECT rowid FROM entries_words WHERE entries_words MATCH ?)", c.match)
	}
	return q
}

const spokenHere = "EXISTS (SELECT 1 FROM entries_words WHERE entries_words.rowid = entries.seq AND entries_words MATCH ?)"

const spokenPostgres = `to_tsvector('simple'::regconfig, regexp_replace(actor_name || ' ' || action || ' ' || subject || ' ' || outcome || ' ' || addr || ' ' || detail, '[^[:alnum:]]+', ' ', 'g'))
	@@ to_tsquery('simple'::regconfig, ?)`

func (s store) postgres() bool { return s.db.Name() == "postgres" }

// count counts the chosen entries, up to most.
func (s store) count(ctx context.Context, c chosen, most int64) (n int64, err error) {
	db := s.db.WithContext(ctx)
	if c.wordsAlone() && !s.postgres() {
		return n, wrap(db.Raw("SELECT count(*) FROM (SELECT 1 FROM entries_words WHERE entries_words MATCH ? LIMIT ?)", c.match, most).Scan(&n).Error)
	}
	return n, wrap(db.Table("(?) AS counted", c.on(db, false).Select("1").Limit(int(most))).Count(&n).Error)
}

// mark is where an entry stands in the audit log.
type mark struct{ Seq, At int64 }

// newest returns the newest of the chosen entries before one, 0 for the end of the audit log.
func (s store) newest(ctx context.Context, c chosen, before int64, limit int) (marks []mark, err error) {
	if before == 0 {
		before = math.MaxInt64
	}
	db := s.db.WithContext(ctx)
	if c.wordsAlone() && !s.postgres() {
		err = db.Raw("SELECT seq, at FROM entries WHERE seq IN (SELECT rowid FROM entries_words WHERE entries_words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?) ORDER BY seq DESC", c.match, before, limit).Scan(&marks).Error
		return marks, wrap(err)
	}
	if top := c.alone(); top != nil {
		// Where each must be looked up in the index of words besides, more candidates are taken than are wanted.
		candidates := limit
		if c.match != "" {
			candidates = limit * 20
		}
		query, values := top(before, candidates)
		q := db.Model(&row{}).Where("entries.seq IN ("+query+")", values...)
		if c.match != "" {
			q = q.Where(spokenHere, c.match)
		}
		if err = q.Order("entries.seq DESC").Limit(limit).Select("entries.seq, entries.at").Scan(&marks).Error; err != nil || c.match == "" || len(marks) == limit {
			return marks, wrap(err)
		}
		marks = nil
	}
	err = c.on(db, true).Where("entries.seq < ?", before).Order("entries.seq DESC").Limit(limit).Select("entries.seq, entries.at").Scan(&marks).Error
	return marks, wrap(err)
}

// rows reads the rows with the numbers, the newest first.
func (s store) rows(ctx context.Context, seqs []int64) (rows []row, err error) {
	for some := range slices.Chunk(seqs, askedAtOnce) {
		var part []row
		if err := s.db.WithContext(ctx).Where("seq IN ?", some).Order("seq DESC").Find(&part).Error; err != nil {
			return nil, wrap(err)
		}
		rows = append(rows, part...)
	}
	return rows, nil
}

// askedAtOnce bounds the values of one condition.
const askedAtOnce = 500

// chosen makes the filter into conditions.
func (s store) chosen(ctx context.Context, actor access.Actor, f Filter) (c chosen, err error) {
	if f.Words != "" {
		words := wordsOf(f.Words)
		if len(words) == 0 {
			return chosen{none: true}, nil
		}
		if c.match, c.common, err = s.spoken(ctx, words); err != nil {
			return c, err
		}
	}
	if f.Actor != "" {
		names, err := s.actorsLike(ctx, f.Actor)
		if err != nil || len(names) == 0 {
			return chosen{none: true}, err
		}
		c.add("entries.actor_name IN ?", names)
	}
	if f.Action != "" {
		c.add("entries.action = ?", f.Action)
	}
	if f.Subject != "" {
		c.add("entries.subject = ?", f.Subject)
	}
	if f.Result != "" {
		c.add("entries.outcome = ?", f.Result)
		if f.Result != Done {
			c.add("entries.outcome <> 'done'") // so that the index of those is taken
		}
	}
	if f.Member != 0 {
		c.add("entries.seq IN (SELECT seq FROM entries WHERE actor_id = ? AND actor_id <> 0 AND actor_kind IN ('member', 'token') UNION SELECT seq FROM entries WHERE subject = ?)", f.Member, access.On("member", f.Member))
	}
	if f.Site != 0 {
		if err := s.about(ctx, &c, s.union(func(q SubjectQueries) Query { return q.Site(f.Site) })); err != nil {
			return c, err
		}
	}
	if f.Client != "" {
		if err := s.about(ctx, &c, s.union(func(q SubjectQueries) Query { return q.Client(f.Client) })); err != nil {
			return c, err
		}
	}
	if !actor.Scope.EverySite() {
		if err := s.inScope(ctx, &c, actor); err != nil {
			return c, err
		}
	}
	return c, s.between(ctx, &c, f)
}

// manyEntries is from how many entries on walking the audit log from its end is sooner than sorting them (measured with a million).
const manyEntries = 50_000

// about narrows to the entries about the subjects that the query finds.
func (s store) about(ctx context.Context, c *chosen, query Query) error {
	subjects, many, err := s.subjectList(ctx, query)
	each := condition{sql: "entries.subject IN (" + s.listed() + ")", values: []any{subjects}}
	if !s.postgres() {
		each.walking = "entries.seq IN (SELECT seq FROM entries WHERE subject IN (" + s.listed() + "))"
		if many {
			each.walking = "+entries.subject IN (" + s.listed() + ")" // the plus keeps SQLite from the index
		} else {
			each.top = func(before int64, limit int) (string, []any) {
				return topSubjects, []any{subjects, before, limit}
			}
		}
	}
	c.conditions = append(c.conditions, each)
	return err
}

// The newest entries about subjects of a JSON list, and those of a member's own.
const (
	topSubjects = "SELECT seq FROM entries WHERE subject IN (SELECT value FROM json_each(?)) AND seq < ? ORDER BY seq DESC LIMIT ?"
	topOwn      = "SELECT seq FROM entries WHERE actor_id = ? AND actor_id <> 0 AND actor_kind IN ('member', 'token') AND seq < ? ORDER BY seq DESC LIMIT ?"
)

// subjectList resolves the query once, into a JSON list, and tells whether there are many entries about what it finds.
func (s store) subjectList(ctx context.Context, query Query) (list string, many bool, err error) {
	db := s.db.WithContext(ctx)
	var found []string
	if err := db.Raw(query.SQL, query.Values...).Scan(&found).Error; err != nil {
		return "", false, wrap(err)
	}
	text, err := json.Marshal(append([]string{}, found...))
	if err != nil || s.postgres() {
		return string(text), false, err // PostgreSQL's planner knows by itself what is many
	}
	var n int64
	err = db.Raw("SELECT count(*) FROM (SELECT 1 FROM entries WHERE subject IN ("+s.listed()+") LIMIT ?)", string(text), manyEntries+1).Scan(&n).Error
	return string(text), n > manyEntries, wrap(err)
}

// listed is the query for the values of a JSON list.
func (s store) listed() string {
	if s.postgres() {
		return "SELECT jsonb_array_elements_text(?::jsonb)"
	}
	return "SELECT value FROM json_each(?)"
}

// inScope narrows to the entries in the actor's scope: about its sites, by the actor, or by a token of theirs.
func (s store) inScope(ctx context.Context, c *chosen, actor access.Actor) error {
	subjects, many, err := s.subjectList(ctx, s.union(func(q SubjectQueries) Query { return q.InScope(actor.Scope) }))
	own := "entries.actor_id = ? AND entries.actor_id <> 0 AND entries.actor_kind IN ('member', 'token')"
	each := condition{sql: "(" + own + " OR entries.subject IN (" + s.listed() + "))", values: []any{actor.ID, subjects}}
	if !s.postgres() {
		each.walking = "entries.seq IN (SELECT seq FROM entries WHERE actor_id = ? AND actor_id <> 0 AND actor_kind IN ('member', 'token') UNION ALL SELECT seq FROM entries WHERE subject IN (" + s.listed() + "))"
		if many {
			each.walking = "(+entries.actor_id = ? AND entries.actor_kind IN ('member', 'token') OR +entries.subject IN (" + s.listed() + "))"
		} else {
			each.top = func(before int64, limit int) (string, []any) {
				return "SELECT seq FROM (" + topOwn + ") UNION SELECT seq FROM (" + topSubjects + ")", []any{actor.ID, before, limit, subjects, before, limit}
			}
		}
	}
	c.conditions = append(c.conditions, each)
	return err
}

// skew is how many entries out of order the clocks of several processes may put the audit log.
const skew = 10_000

// between narrows to the time, and to the stretch of the audit log that holds it: the clock moves with the numbers.
func (s store) between(ctx context.Context, c *chosen, f Filter) error {
	for _, end := range []struct {
		at                       time.Time
		condition, order, border string
		slack                    int64
	}{{f.Since, "at >= ?", "at, seq", "entries.seq >= ?", -skew}, {f.Until, "at < ?", "at DESC, seq DESC", "entries.seq <= ?", skew}} {
		if end.at.IsZero() {
			continue
		}
		var seqs []int64
		err := s.db.WithContext(ctx).Model(&row{}).Where(end.condition, end.at.UnixMicro()).Order(end.order).Limit(1).Pluck("seq", &seqs).Error
		if err != nil {
			return wrap(err)
		}
		if len(seqs) == 0 {
			c.none = true
			return nil
		}
		c.add("+entries."+end.condition, end.at.UnixMicro())
		c.add(end.border, seqs[0]+end.slack)
	}
	return nil
}

// commonWords is from how many entries on words are common.
const commonWords = 5_000

// spoken makes words into a match of the database's index of words, and tells whether they are common.
func (s store) spoken(ctx context.Context, words []word) (match string, common bool, err error) {
	if s.postgres() {
		return matchPostgres(words), false, nil
	}
	match = matchSQLite(words)
	var n int64
	err = s.db.WithContext(ctx).Raw("SELECT count(*) FROM (SELECT 1 FROM entries_words WHERE entries_words MATCH ? LIMIT ?)", match, commonWords+1).Scan(&n).Error
	return match, n > commonWords, wrap(err)
}
