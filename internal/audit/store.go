package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
)

type store struct {
	db       *gorm.DB
	subjects []SubjectQueries
	verifier Verifier
	cursors  SinkCursors
	approval Approvals
}

// New returns the log over the database. The owners of the subjects say how to find theirs, and the owner of members and sessions verifies
// actors.
func New(db *gorm.DB, parts ...Part) *Log {
	l := &Log{store: store{db: db}, now: time.Now}
	for _, part := range parts {
		part.join(&l.store)
	}
	return l
}

// Part is what another package adds to the log: SubjectQueries, SinkCursors, a Verifier or Approvals.
type Part interface{ join(*store) }

func (q SubjectQueries) join(s *store) { s.subjects = append(s.subjects, q) }

// SinkCursors finds the audit sinks, as columns name and seq: the number of the last entry that the sink has.
type SinkCursors Query

func (c SinkCursors) join(s *store) { s.cursors = c }

// Verifier returns access.ErrRevoked unless the member, the session and the token that the actor was authenticated by stand as they did then.
// It reads them in the transaction of the change.
type Verifier func(tx *gorm.DB, actor access.Actor) error

func (v Verifier) join(s *store) { s.verifier = v }

type row struct {
	Seq       int64 `gorm:"primaryKey;autoIncrement:false"`
	At        int64
	ActorKind access.Kind
	ActorID   int64
	ActorName string
	Role      access.Role
	Action    access.Action
	Subject   access.Subject
	Outcome   Outcome
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
		Event: Event{Action: r.Action, Subject: r.Subject, Outcome: r.Outcome},
	}
}

// chainLock is the number of PostgreSQL's advisory lock that makes writers of the audit log take turns until they commit.
const chainLock = 0x64726f766572

// Record writes the entry inside the transaction of the change that it tells of. It first verifies that the actor may still act: without
// both, no change. The error is then *Revoked, and Settle records the refusal once the transaction is undone.
func (l *Log) Record(tx *gorm.DB, actor access.Actor, event Event) error {
	err := takeTurn(tx)
	if err == nil && event.Outcome != Refused {
		if err = l.VerifyActor(tx, actor, event.Action, event.Subject); err == nil {
			err = l.requireApproval(tx, actor, event)
		}
	}
	if err != nil {
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

// verifiedActor is the name under which a transaction remembers whom it has verified.
const verifiedActor = "drover:verified_actor"

// VerifyActor waits for its turn to write and verifies the actor, once in a transaction. Record does so by itself. A change that takes away
// what its own actor was authenticated by, such as one that ends the session, calls it first.
func (l *Log) VerifyActor(tx *gorm.DB, actor access.Actor, action access.Action, subject access.Subject) error {
	if err := takeTurn(tx); err != nil {
		return err
	}
	// Without an id nobody is signed in yet: the change is the sign-in itself.
	if l.store.verifier == nil || actor.ID == 0 || actor.Kind != access.KindMember && actor.Kind != access.KindToken {
		return nil
	}
	key := fmt.Sprint(actor.Kind, actor.ID, actor.Token)
	if actor.Auth != nil {
		key = fmt.Sprint(actor.Kind, actor.ID, actor.Token, *actor.Auth)
	}
	if verified, _ := tx.Get(verifiedActor); verified == key {
		return nil
	}
	err := l.store.verifier(tx.Session(&gorm.Session{NewDB: true}), actor)
	if errors.Is(err, access.ErrRevoked) {
		return &Revoked{actor, action, subject}
	}
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	tx.Statement.Settings.Store(verifiedActor, key)
	return nil
}

// next is the row that tells of the event after the last one.
func (l *Log) next(last row, actor access.Actor, event Event) (row, error) {
	if event.Outcome == "" {
		event.Outcome = Done
	}
	detail, err := canonicalDetail(event.Detail)
	if err != nil {
		return row{}, err
	}
	r := row{
		Seq: last.Seq + 1, At: l.now().UnixMicro(), ActorKind: actor.Kind, ActorID: actor.ID, ActorName: actor.Name, Role: actor.Role,
		Action: event.Action, Subject: event.Subject, Outcome: event.Outcome, Detail: string(detail), Addr: actor.Addr, Prev: last.Hash,
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
	return l.RecordRefusal(ctx, l.recordAlone(ctx, actor, event))
}

func (l *Log) recordAlone(ctx context.Context, actor access.Actor, event Event) error {
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

// sentToSinks returns ErrNotSent where a copy of the audit log elsewhere lacks entries up to the number.
func (s store) sentToSinks(ctx context.Context, last int64) error {
	var r struct {
		Name string
		Seq  int64
	}
	if s.cursors.SQL == "" {
		return nil
	}
	behind := "SELECT name, seq FROM (" + s.cursors.SQL + ") AS sinks WHERE seq < ? ORDER BY seq LIMIT 1"
	if err := s.db.WithContext(ctx).Raw(behind, append(s.cursors.Values, last)...).Scan(&r).Error; err != nil {
		return wrap(err)
	}
	if r.Name != "" {
		return fmt.Errorf("%w: %s has those up to %d of %d", ErrNotSent, r.Name, r.Seq, last)
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

// checkpoints are the entries that hold the log's own signed checkpoints, in order.
func (s store) checkpoints(ctx context.Context) ([]row, error) {
	var rows []row
	err := s.db.WithContext(ctx).Select("seq", "detail").Where("action = ? AND outcome = ?", access.AuditCheckpoint, Done).Order("seq").Find(&rows).Error
	return rows, wrap(err)
}

// hashOf is the hash of an entry, empty where there is none.
func (s store) hashOf(ctx context.Context, seq int64) (string, error) {
	var hash string
	err := s.db.WithContext(ctx).Model(&row{}).Select("hash").Where("seq = ?", seq).Limit(1).Scan(&hash).Error
	return hash, wrap(err)
}
