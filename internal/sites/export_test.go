package sites

import (
	"context"
	"io"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
)

// ReadImport is the part of Import that reads foreign bytes, for fuzzing.
func ReadImport(file io.Reader) ([]Line, error) {
	_, lines, err := readImport(file)
	return lines, err
}

// Clean makes a draft canonical.
func Clean(d *Draft) {
	p := validation.Problems{}
	d.clean(p)
	d.cleanCredential(p)
}

// EditSeen is what Edit does after it has read the site.
func (r *Registry) EditSeen(ctx context.Context, actor access.Actor, seen Site, d Draft) error {
	return r.store.change(ctx, actor, func(w write) error { return r.edit(w, seen, d) })
}

// CrashAt ends rotations, as the end of the process would, where the function returns an error.
func (r *Registry) CrashAt(crash func(at string) error) { r.crash = crash }

// SetClock tells the registry what time it is.
func (r *Registry) SetClock(clock func() time.Time) { r.store.clock = clock }

// RenewAlways renews the lease of a rotation whenever that may be due.
func (r *Registry) RenewAlways() { r.renewAfter = 0 }

// LookAgainAtOnce looks at once, and not some seconds later, whether a password stays revoked.
func (r *Registry) LookAgainAtOnce() { r.lookAgain = 0 }

// VerifyAtMost bounds the new sites of one import by somebody with limited access.
func (r *Registry) VerifyAtMost(n int) { r.mostVerified = n }

// NextCheck is when a site is checked next.
var NextCheck = nextCheck

// CheckIsDue, ClaimCheck, RotationIsDue and ClaimRotations are the store's, by the ids of sites; 0 is none.
func (r *Registry) CheckIsDue(ctx context.Context, now time.Time) (bool, error) {
	return r.store.checkIsDue(ctx, now)
}

func (r *Registry) ClaimCheck(ctx context.Context, now, until time.Time) (int64, error) {
	id, _, err := r.store.claimCheck(ctx, now, until)
	return id, err
}

func (r *Registry) RotationIsDue(ctx context.Context, now time.Time) (bool, error) {
	return r.store.rotationIsDue(ctx, now)
}

func (r *Registry) ClaimRotations(ctx context.Context, now, until time.Time, limit int) (ids []int64, err error) {
	rows, err := r.store.claimRotations(ctx, "a worker", now, until, limit)
	for _, row := range rows {
		ids = append(ids, row.SiteID)
	}
	return ids, err
}

// DuePlans is how SQLite finds the site to check and the passwords to rotate next, a line for each table that it reads.
func (r *Registry) DuePlans(ctx context.Context, now time.Time) (check, rotation []string, err error) {
	plan := func(q *gorm.DB) (lines []string, err error) {
		query := q.Session(&gorm.Session{DryRun: true}).Scan(&[]int64{}).Statement
		var steps []struct{ Detail string }
		err = r.store.db.Raw("EXPLAIN QUERY PLAN "+query.SQL.String(), query.Vars...).Scan(&steps).Error
		for _, step := range steps {
			lines = append(lines, step.Detail)
		}
		return lines, err
	}
	if check, err = plan(r.store.dueCheck(ctx, now)); err != nil {
		return nil, nil, err
	}
	rotation, err = plan(r.store.dueRotations(ctx, now, 8))
	return check, rotation, err
}
