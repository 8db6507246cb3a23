package audit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
)

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
func (c *chosen) bounds() (shown int, counted int64) {
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

const spokenPostgres = `to_tsvector('simple'::regconfig, regexp_replace(
		actor_name || ' ' || action || ' ' || subject || ' ' || outcome || ' ' || addr || ' ' || detail, '[^[:alnum:]]+', ' ', 'g'))
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
		err = db.Raw("SELECT seq, at FROM entries WHERE seq IN (SELECT rowid FROM entries_words WHERE entries_words MATCH ? AND rowid < ? ORDER BY rowid DESC "+
			"LIMIT ?) ORDER BY seq DESC", c.match, before, limit).Scan(&marks).Error
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
	return rows, wrap(s.db.WithContext(ctx).Where(database.In(s.db, "seq", seqs)).Order("seq DESC").Find(&rows).Error)
}

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
	if f.Outcome != "" {
		c.add("entries.outcome = ?", f.Outcome)
		if f.Outcome != Done {
			c.add("entries.outcome <> 'done'") // so that the index of those is taken
		}
	}
	if f.Member != 0 {
		c.add("entries.seq IN (SELECT seq FROM entries WHERE actor_id = ? AND actor_id <> 0 AND actor_kind IN ('member', 'token') UNION SELECT seq FROM entries "+
			"WHERE subject = ?)", f.Member, access.On("member", f.Member))
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
	if len(actor.Scope) > 0 {
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
	listed, subjects, many, err := s.subjectList(ctx, query)
	each := condition{sql: "entries.subject IN (" + listed + ")", values: []any{subjects}}
	if !s.postgres() {
		each.walking = "entries.seq IN (SELECT seq FROM entries WHERE subject IN (" + listed + "))"
		if many {
			each.walking = "+entries.subject IN (" + listed + ")" // the plus keeps SQLite from the index
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

// subjectList resolves the query once, into a list with the query for its values, and tells whether there are many entries about them.
func (s store) subjectList(ctx context.Context, query Query) (listed, list string, many bool, err error) {
	db := s.db.WithContext(ctx)
	var found []string
	if err := db.Raw(query.SQL, query.Values...).Scan(&found).Error; err != nil {
		return "", "", false, wrap(err)
	}
	listed, list = database.Listed(db, found)
	if s.postgres() {
		return listed, list, false, nil // its planner knows by itself what is many
	}
	var n int64
	err = db.Raw("SELECT count(*) FROM (SELECT 1 FROM entries WHERE subject IN ("+listed+") LIMIT ?)", list, manyEntries+1).Scan(&n).Error
	return listed, list, n > manyEntries, wrap(err)
}

// inScope narrows to the entries in the actor's scope: about its sites and runs, and for a member what they did themselves or by a token. A
// token sees none of what its member does elsewhere.
func (s store) inScope(ctx context.Context, c *chosen, actor access.Actor) error {
	if actor.Kind == access.KindToken {
		return s.about(ctx, c, s.union(func(q SubjectQueries) Query { return q.InScope(actor.Scope) }))
	}
	listed, subjects, many, err := s.subjectList(ctx, s.union(func(q SubjectQueries) Query { return q.InScope(actor.Scope) }))
	own := "entries.actor_id = ? AND entries.actor_id <> 0 AND entries.actor_kind IN ('member', 'token')"
	each := condition{sql: "(" + own + " OR entries.subject IN (" + listed + "))", values: []any{actor.ID, subjects}}
	if !s.postgres() {
		each.walking = "entries.seq IN (SELECT seq FROM entries WHERE actor_id = ? AND actor_id <> 0 AND actor_kind IN ('member', 'token') UNION ALL SELECT seq " +
			"FROM entries WHERE subject IN (" + listed + "))"
		if many {
			each.walking = "(+entries.actor_id = ? AND entries.actor_kind IN ('member', 'token') OR +entries.subject IN (" + listed + "))"
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

// actorsLike returns the names that hold the text, in any case.
func (s store) actorsLike(ctx context.Context, text string) ([]string, error) {
	var names []string
	if err := s.db.WithContext(ctx).Raw(distinctActors).Scan(&names).Error; err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	text = strings.ToLower(text)
	return slices.DeleteFunc(names, func(name string) bool { return !strings.Contains(strings.ToLower(name), text) }), nil
}
