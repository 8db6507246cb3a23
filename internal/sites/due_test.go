package sites_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
)

// What is seen to be due is what a claim gets, to the microsecond: a site that only one of them takes as due would never be worked, or be looked for forever.
func TestWhatIsDueCanBeClaimed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		s, bare := h.add(t, draft("https://one.example")), h.add(t, draft("https://two.example"))
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(db.Gorm.Exec("DELETE FROM credentials WHERE site_id = ?", bare.ID).Error)
		must(h.registry.StartRotation(t.Context(), admin, s.ID))
		now := time.Now().Truncate(time.Microsecond)
		at := now.UnixMicro()
		check := func(id, retired, next, until int64) {
			must(db.Gorm.Exec("UPDATE sites SET next_check_at = 0, check_until = 0, retired_at = 0").Error)
			must(db.Gorm.Exec("UPDATE sites SET next_check_at = ?, check_until = ?, retired_at = ? WHERE id = ?", next, until, retired, id).Error)
			due, err := h.registry.CheckIsDue(t.Context(), now)
			must(err)
			claimed, err := h.registry.ClaimCheck(t.Context(), now, now.Add(time.Minute))
			must(err)
			if want := id == s.ID && retired == 0 && next > 0 && next <= at && until < at; due != want || want != (claimed == id) {
				t.Errorf("a check of site %d, retired %d, at %d until %d: due %v, claimed %d, want %v", id, retired, next-at, until-at, due, claimed, want)
			}
		}
		rotation := func(step sites.RotationStep, next, until int64) {
			must(db.Gorm.Exec("UPDATE rotations SET step = ?, next_at = ?, lease_until = ?", step, next, until).Error)
			due, err := h.registry.RotationIsDue(t.Context(), now)
			must(err)
			claimed, err := h.registry.ClaimRotations(t.Context(), now, now.Add(time.Minute), 8)
			must(err)
			if want := step.UnderWay() && next <= at && until < at; due != want || want != (len(claimed) == 1) {
				t.Errorf("a rotation, %s, at %d until %d: due %v, claimed %v, want %v", step, next-at, until-at, due, claimed, want)
			}
		}
		for _, until := range []int64{0, at - 1, at, at + 1} {
			for _, next := range []int64{0, 1, at - 1, at, at + 1} {
				for _, retired := range []int64{0, 1} {
					check(s.ID, retired, next, until)
					check(bare.ID, retired, next, until)
				}
				for _, step := range []sites.RotationStep{sites.RotationLooking, sites.RotationWaiting, sites.RotationCreating, sites.RotationCreated,
					sites.RotationSwapped, sites.RotationReady, sites.RotationBlocked, sites.RotationDone, sites.RotationFailed, sites.RotationUnrevoked} {
					rotation(step, next, until)
				}
			}
		}
	})
}

// On PostgreSQL, who claims while another claims takes the next that is due: it neither waits nor goes away with nothing, or one worker would do it all.
func TestAClaimPassesOverWhatAnotherClaims(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.PostgresURL(t))
	h := newTestRegistry(t, db, nil)
	first, second := h.add(t, draft("https://one.example")), h.add(t, draft("https://two.example"))
	if err := h.registry.StartRotation(t.Context(), admin, first.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	h.due(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // one that waits for the other would wait forever
	defer cancel()
	now := time.Now()
	err := db.Gorm.Transaction(func(tx *gorm.DB) error {
		for _, claim := range []string{"UPDATE sites SET check_until = ? WHERE id = ?", "UPDATE rotations SET lease_until = ? WHERE site_id = ?"} {
			if err := tx.Exec(claim, now.Add(time.Hour).UnixMicro(), first.ID).Error; err != nil {
				return err
			}
		}
		if id, err := h.registry.ClaimCheck(ctx, now, now.Add(time.Hour)); err != nil || id != second.ID {
			t.Errorf("the check of site %d is claimed, want %d: %v", id, second.ID, err)
		}
		if ids, err := h.registry.ClaimRotations(ctx, now, now.Add(time.Hour), 1); err != nil || len(ids) != 1 || ids[0] != second.ID {
			t.Errorf("the rotations of sites %v are claimed, want %d: %v", ids, second.ID, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A claim reads what is due first from an index in its order. Otherwise it reads all sites, for each that is claimed.
func TestClaimsReadAnIndex(t *testing.T) {
	h := newTestRegistry(t, dbtest.SQLite(t), nil)
	check, rotation, err := h.registry.DuePlans(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ first, want string }{
		{check[0], "SEARCH sites USING INDEX sites_next_check (retired_at=? AND next_check_at>? AND next_check_at<?)"},
		{rotation[0], "SEARCH rotations USING INDEX rotations_open (next_at<?)"},
	} {
		if c.first != c.want {
			t.Errorf("%s, want %s", c.first, c.want)
		}
	}
	for _, line := range append(check, rotation...) {
		if strings.Contains(line, "TEMP B-TREE") {
			t.Errorf("what is due is sorted: %s", line)
		}
	}
}
