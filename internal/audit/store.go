package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
)

type store struct{ db *gorm.DB }

// New returns the log over the database.
func New(db *gorm.DB) *Log { return &Log{store: store{db}, now: time.Now} }

type row struct {
	Seq       int64 `gorm:"primaryKey;autoIncrement:false"`
	At        int64
	ActorKind Kind
	ActorID   int64
	ActorName string
	Role      Role
	Action    Action
	Subject   Subject
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
		Actor: Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName, Role: r.Role, Addr: r.Addr},
		Event: Event{Action: r.Action, Subject: r.Subject, Result: r.Outcome},
	}
}

// chainLock is the number of PostgreSQL's advisory lock that makes writers of the record take turns until they commit.
const chainLock = 0x64726f766572

// Record writes the event into the record, inside the transaction of the change that it tells of.
func (l *Log) Record(tx *gorm.DB, actor Actor, event Event) error {
	if event.Result == "" {
		event.Result = Done
	}
	detail, err := canonicalDetail(event.Detail)
	if err != nil {
		return err
	}
	if err := takeTurn(tx); err != nil {
		return err
	}
	var last row
	if err := tx.Select("seq", "hash").Order("seq DESC").Limit(1).Find(&last).Error; err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	e := Entry{Seq: last.Seq + 1, At: l.now().UTC().Truncate(time.Microsecond), Actor: actor, Event: event, Detail: detail, Prev: last.Hash}
	if e.Hash, err = e.sum(); err != nil {
		return err
	}
	err = tx.Create(&row{
		Seq: e.Seq, At: e.At.UnixMicro(), ActorKind: actor.Kind, ActorID: actor.ID, ActorName: actor.Name, Role: actor.Role,
		Action: event.Action, Subject: event.Subject, Outcome: event.Result, Detail: string(detail), Addr: actor.Addr, Prev: e.Prev, Hash: e.Hash,
	}).Error
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// RecordAlone writes an event that changes nothing else, in a transaction of its own.
func (l *Log) RecordAlone(ctx context.Context, actor Actor, event Event) error {
	return l.store.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return l.Record(tx, actor, event) })
}

// chained is a transaction in which nobody else writes to the record.
type chained struct{ tx *gorm.DB }

func (w chained) record(l *Log, actor Actor, event Event) error { return l.Record(w.tx, actor, event) }

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

// takeTurn makes writers of the record wait for each other until they commit. SQLite's transactions do so by themselves.
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
	Action       Action
	Subject      Subject
	Result       Result
	Since, Until time.Time // from Since, before Until
	Limit        int       // 50 when 0
	Offset       int
}

func (s store) filtered(ctx context.Context, actor Actor, f Filter) *gorm.DB {
	within, values := actor.Reach.entries(actor.ID)
	q := s.db.WithContext(ctx).Model(&row{}).Where(within, values...)
	if f.Actor != "" {
		if len(f.Actor) > longestWords {
			return q.Where("1 = 0")
		}
		q = q.Where("lower(actor_name) LIKE lower(?) ESCAPE '!'", "%"+escapeLike(f.Actor)+"%")
	}
	if f.Action != "" {
		q = q.Where("action = ?", f.Action)
	}
	if f.Subject != "" {
		q = q.Where("subject = ?", f.Subject)
	}
	if f.Result != "" {
		q = q.Where("outcome = ?", f.Result)
	}
	if !f.Since.IsZero() {
		q = q.Where("at >= ?", f.Since.UnixMicro())
	}
	if !f.Until.IsZero() {
		q = q.Where("at < ?", f.Until.UnixMicro())
	}
	return q
}

// Entries returns the chosen entries within the actor's reach, the newest first, and how many there are in all.
func (l *Log) Entries(ctx context.Context, actor Actor, f Filter) ([]Entry, int64, error) {
	var total int64
	if err := l.store.filtered(ctx, actor, f).Count(&total).Error; err != nil {
		return nil, 0, fmt.Errorf("audit: %w", err)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	var rows []row
	if err := l.store.filtered(ctx, actor, f).Order("seq DESC").Limit(f.Limit).Offset(f.Offset).Find(&rows).Error; err != nil {
		return nil, 0, fmt.Errorf("audit: %w", err)
	}
	entries := make([]Entry, len(rows))
	for i, r := range rows {
		entries[i] = r.entry()
	}
	return entries, total, nil
}

// ErrNoEntry is returned for a number that the record does not have.
var ErrNoEntry = gorm.ErrRecordNotFound

// Entry returns one entry, or ErrNoEntry where there is none within the actor's reach.
func (l *Log) Entry(ctx context.Context, actor Actor, seq int64) (Entry, error) {
	var r row
	if err := l.store.filtered(ctx, actor, Filter{}).Where("seq = ?", seq).Take(&r).Error; err != nil {
		return Entry{}, fmt.Errorf("audit: entry %d: %w", seq, err)
	}
	return r.entry(), nil
}

// Bucket counts the entries of a stretch of time.
type Bucket struct {
	At    time.Time // where it begins
	Count int64
}

// Histogram counts the chosen entries in stretches of the given width; stretches without entries are left out.
func (l *Log) Histogram(ctx context.Context, actor Actor, f Filter, width time.Duration) ([]Bucket, error) {
	var rows []struct{ Slot, Count int64 }
	err := l.store.filtered(ctx, actor, f).Select("at / ? AS slot, count(*) AS count", width.Microseconds()).Group("slot").Order("slot").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	buckets := make([]Bucket, len(rows))
	for i, r := range rows {
		buckets[i] = Bucket{At: time.UnixMicro(r.Slot * width.Microseconds()).UTC(), Count: r.Count}
	}
	return buckets, nil
}

// Span returns the times of the first and the last chosen entry; both are zero when there is none.
func (l *Log) Span(ctx context.Context, actor Actor, f Filter) (first, last time.Time, err error) {
	var ends struct{ First, Last *int64 }
	if err := l.store.filtered(ctx, actor, f).Select("min(at) AS first, max(at) AS last").Scan(&ends).Error; err != nil {
		return first, last, fmt.Errorf("audit: %w", err)
	}
	if ends.First == nil || ends.Last == nil {
		return first, last, nil
	}
	return time.UnixMicro(*ends.First).UTC(), time.UnixMicro(*ends.Last).UTC(), nil
}

const verifyChunk = 2000

// Verify reads the whole record and checks each entry against its hash and the entry before it.
func (l *Log) Verify(ctx context.Context) (Verification, error) {
	v := Verification{At: l.now().UTC()}
	var links chain
	for {
		var rows []row
		if err := l.store.db.WithContext(ctx).Where("seq > ?", links.last).Order("seq").Limit(verifyChunk).Find(&rows).Error; err != nil {
			return v, fmt.Errorf("audit: verify: %w", err)
		}
		for _, r := range rows {
			if why := links.next(r.entry()); why != "" {
				v.Broken, v.Why = links.last+1, why
				return v, nil
			}
			v.Entries++
		}
		if len(rows) < verifyChunk {
			return v, nil
		}
	}
}
