package audit

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
)

// Filter chooses entries; a zero field does not filter.
type Filter struct {
	Actor        string // part of the name, in any case
	Action       access.Action
	Subject      access.Subject
	Site         int64  // about the site, and about runs that went to it
	Member       int64  // by the member or a token of theirs, or about them
	Client       string // about a site of the client now, and about runs that went to one
	Outcome      Outcome
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
	shown, most := c.bounds()
	marks, err := l.store.newest(ctx, c, 0, shown+1)
	if err != nil {
		return Page{}, err
	}
	p, err := l.page(ctx, c, f, marks[:min(len(marks), shown)])
	if err != nil {
		return p, err
	}
	p.Count = int64(len(marks))
	for _, m := range marks[:min(len(marks), shown)] {
		p.Times = append(p.Times, time.UnixMicro(m.At).UTC())
	}
	if len(marks) <= shown {
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
	if shown, _ := c.bounds(); f.Before > 0 || marks == nil || len(marks) == shown && limit >= shown {
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

// Last is the number of the newest entry, 0 where there is none.
func (l *Log) Last(ctx context.Context) (int64, error) {
	var seq int64
	return seq, l.store.db.WithContext(ctx).Raw("SELECT coalesce(max(seq), 0) FROM entries").Scan(&seq).Error
}
