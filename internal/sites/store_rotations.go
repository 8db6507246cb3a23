package sites

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

type rotationRow struct {
	SiteID       int64 `gorm:"primaryKey;autoIncrement:false"`
	Step         RotationStep
	Origin       string
	CredentialAt int64
	UserID       string
	OldUUID      string
	Name         string
	AppID        string
	NewUUID      string
	Sealed       []byte
	KeyID        int64
	Reason       wordpress.Reason
	Finding      string
	Fix          string
	Attempts     int
	RevokedAt    int64
	LostUpdates  int
	NextAt       int64
	LeaseOwner   string
	LeaseUntil   int64
	AskedBy      string
	AskedAt      int64
	EndedAt      int64
}

func (rotationRow) TableName() string { return "rotations" }

func (r rotationRow) rotation(s Site) Rotation {
	return Rotation{Site: s, Step: r.Step, Reason: r.Reason, Finding: r.Finding, Fix: r.Fix, Name: r.Name, Attempts: r.Attempts, NextAt: moment(r.NextAt),
		AskedBy: r.AskedBy, AskedAt: moment(r.AskedAt), EndedAt: moment(r.EndedAt)}
}

// errLost means that another process goes on with a rotation.
var errLost = errors.New("sites: the lease of the rotation was lost")

// queueRotation puts the site on the list of rotations, unless a rotation of it is under way.
func (w write) queueRotation(s Site, step RotationStep) (asked bool, err error) {
	busy := slices.DeleteFunc(slices.Clone(underWay), func(s RotationStep) bool { return s == RotationLooking })
	err = w.tx.Where("site_id = ? AND step NOT IN ?", s.ID, busy).Delete(&rotationRow{}).Error
	if err != nil {
		return false, err
	}
	result := w.tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rotationRow{SiteID: s.ID, Step: step, Origin: wordpress.Origin(s.Home),
		CredentialAt: s.Credential.CreatedAt.UnixMicro(), AskedBy: w.actor.Name, AskedAt: w.now.UnixMicro()})
	return result.RowsAffected == 1, result.Error
}

func (w write) dropRotations(ids []int64) error {
	return w.tx.Where(database.In(w.tx, "site_id", ids)).Where("step NOT IN ?", underWay).Delete(&rotationRow{}).Error
}

func (s store) rotations(ctx context.Context) (rows []rotationRow, err error) {
	return rows, s.db.WithContext(ctx).Omit("sealed").Order("asked_at, site_id").Find(&rows).Error
}

func (s store) rotation(ctx context.Context, site int64) (r rotationRow, found bool, err error) {
	result := s.db.WithContext(ctx).Where("site_id = ?", site).Limit(1).Find(&r)
	return r, result.RowsAffected == 1, result.Error
}

// isUnderWay is the condition of the index rotations_open, word for word: SQLite uses it for no list that is a parameter.
const isUnderWay = "step IN ('looking', 'waiting', 'creating', 'created', 'swapped')"

// dueRotations selects so many of the rotations that are due.
func (s store) dueRotations(ctx context.Context, now time.Time, limit int) *gorm.DB {
	return s.db.WithContext(ctx).Model(&rotationRow{}).Select("site_id").
		Where(isUnderWay+" AND next_at <= ? AND lease_until < ?", now.UnixMicro(), now.UnixMicro()).Order("next_at, site_id").Limit(limit)
}

// rotationIsDue tells whether any rotation is. Unlike a claim, it takes no turn to write.
func (s store) rotationIsDue(ctx context.Context, now time.Time) (bool, error) {
	var ids []int64
	err := s.dueRotations(ctx, now, 1).Scan(&ids).Error
	return len(ids) > 0, err
}

// claimRotations leases some of the rotations that are due to the owner. Of two processes, one gets each.
func (s store) claimRotations(ctx context.Context, owner string, now, until time.Time, limit int) (rows []rotationRow, err error) {
	err = s.db.WithContext(ctx).Raw(`WITH due AS (?) UPDATE rotations SET lease_owner = ?, lease_until = ? WHERE lease_until < ? AND site_id IN
		(SELECT site_id FROM due) RETURNING *`,
		s.dueRotations(ctx, now, limit).Clauses(unclaimed("rotations")), owner, until.UnixMicro(), now.UnixMicro()).Scan(&rows).Error
	return rows, err
}

// renewRotation prolongs the lease of a rotation, and returns errLost where the owner has it no more.
func (s store) renewRotation(ctx context.Context, r rotationRow, until time.Time) error {
	result := s.db.WithContext(ctx).Model(&rotationRow{}).Where("site_id = ? AND lease_owner = ? AND step = ?", r.SiteID, r.LeaseOwner, r.Step).
		Update("lease_until", until.UnixMicro())
	if result.Error == nil && result.RowsAffected == 0 {
		return errLost
	}
	return result.Error
}

// saveRotation stores the values of a rotation that the owner has leased, and errLost where it has not.
func (w write) saveRotation(r rotationRow, values map[string]any) error {
	result := w.tx.Model(&rotationRow{}).Where("site_id = ? AND lease_owner = ? AND step = ?", r.SiteID, r.LeaseOwner, r.Step).Updates(values)
	if result.Error == nil && result.RowsAffected == 0 {
		return errLost
	}
	return result.Error
}

// swapCredential puts a new password, sealed for the site's home, in the place of the one that was stored at that time, and tells whether that was
// still there, and for that home. What is known of the user stays: it is the same one.
func (w write) swapCredential(s Site, before int64, sealed []byte, by string) (bool, error) {
	now := w.now.UnixMicro()
	result := w.tx.Model(&credentialRow{}).Where("site_id = ? AND created_at = ? AND origin = ?", s.ID, before, wordpress.Origin(s.Home)).
		Updates(map[string]any{"sealed": sealed, "key_id": vault.SealedBy(sealed), "created_at": now, "created_by": by, "worked_at": now})
	return result.RowsAffected == 1, result.Error
}

func (s store) rotationsSealedByOthers(ctx context.Context, key uint32) (rows []rotationRow, err error) {
	return rows, s.db.WithContext(ctx).Where("sealed IS NOT NULL AND key_id <> ?", int64(key)).Order("site_id").Find(&rows).Error
}

// replaceSealed seals a pending password in another way, unless it became the credential meanwhile.
func (s store) replaceSealed(ctx context.Context, r rotationRow, sealed []byte) error {
	return s.db.WithContext(ctx).Model(&rotationRow{}).Where("site_id = ? AND new_uuid = ? AND step = ? AND sealed IS NOT NULL", r.SiteID, r.NewUUID, r.Step).
		Updates(map[string]any{"sealed": sealed, "key_id": vault.SealedBy(sealed)}).Error
}

func (s store) countPending(ctx context.Context) (n int64, err error) {
	return n, s.db.WithContext(ctx).Model(&rotationRow{}).Where("sealed IS NOT NULL").Count(&n).Error
}

// recordRotation records what became of a rotation; Drover itself did it, for whoever asked.
func (w write) recordRotation(s Site, r rotationRow, result string, detail map[string]any) error {
	all := map[string]any{"home": s.Home, "result": result, "asked_by": r.AskedBy}
	for name, value := range detail {
		all[name] = value
	}
	return w.record(access.SiteRotate, s.ID, all)
}

// rotationsOf returns the rotations of sites, by site, without what is sealed.
func (s store) rotationsOf(ctx context.Context, ids []int64) (map[int64]rotationRow, error) {
	var rows []rotationRow
	if err := s.db.WithContext(ctx).Omit("sealed").Where(database.In(s.db, "site_id", ids)).Find(&rows).Error; err != nil {
		return nil, err
	}
	all := make(map[int64]rotationRow, len(rows))
	for _, r := range rows {
		all[r.SiteID] = r
	}
	return all, nil
}

// mayJoin tells whether the rotation was ordered, so that it can go on with the password that was rotated for it and others. One that was ordered
// together with the other, and was blocked since its site did not answer, can.
func (r rotationRow) mayJoin(other rotationRow) bool {
	return r.Step == RotationWaiting || r.Step == RotationBlocked && r.AskedAt == other.AskedAt && r.AskedBy == other.AskedBy
}

// joinRotation lets a site go on with the password that was rotated for it and others, from where that one is now, and keeps the old password, sealed,
// until it is revoked. It tells whether the site has a rotation that may.
func (w write) joinRotation(r rotationRow, s Site, kept []byte) (bool, error) {
	result := w.tx.Model(&rotationRow{}).
		Where("site_id = ? AND (step = ? OR step = ? AND asked_at = ? AND asked_by = ?)", s.ID, RotationWaiting, RotationBlocked, r.AskedAt, r.AskedBy).
		Updates(map[string]any{"step": RotationSwapped, "credential_at": w.now.UnixMicro(), "origin": wordpress.Origin(s.Home), "user_id": r.UserID,
			"old_uuid": r.OldUUID, "name": r.Name, "app_id": r.AppID, "new_uuid": r.NewUUID, "sealed": kept, "key_id": vault.SealedBy(kept), "reason": "",
			"finding": "", "fix": "", "attempts": 0, "revoked_at": 0, "lost_updates": r.LostUpdates, "next_at": 0, "lease_owner": "", "lease_until": 0,
			"ended_at": 0})
	return result.RowsAffected == 1, result.Error
}

// beginAgain lets the rotation of a site go on with the values, where it is one that gave the site the new password. Whoever has leased it has it no more.
func (w write) beginAgain(site int64, newUUID string, next RotationStep, values map[string]any) (bool, error) {
	values["step"], values["lease_owner"] = next, ""
	result := w.tx.Model(&rotationRow{}).Where("site_id = ? AND new_uuid = ?", site, newUUID).Updates(values)
	return result.RowsAffected == 1, result.Error
}

// credentialsEntered returns the credentials that were stored since then by anything but a rotation.
func (s store) credentialsEntered(ctx context.Context, since time.Time) (rows []credentialRow, err error) {
	made := s.db.Model(&rotationRow{}).Select("1").Where("rotations.site_id = credentials.site_id AND credential_at = credentials.created_at AND step IN ?",
		[]RotationStep{RotationSwapped, RotationDone, RotationUnrevoked})
	return rows, s.db.WithContext(ctx).Where("created_at > ? AND NOT EXISTS (?)", since.UnixMicro(), made).Find(&rows).Error
}

// firstActive returns the first of the sites that is not retired; 0 where all are.
func (s store) firstActive(ctx context.Context, ids []int64) (first int64, err error) {
	active := s.db.WithContext(ctx).Table("sites").Where(database.In(s.db, "id", ids)).Where("retired_at = 0")
	return first, active.Select("coalesce(min(id), 0)").Scan(&first).Error
}
