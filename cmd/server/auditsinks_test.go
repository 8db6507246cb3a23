package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
)

// What is older than is to be kept goes into an archive once, and the audit log stays whole; what a copy elsewhere does not have yet waits.
func TestKeepingTheRecord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &config{data: dir, keyFile: filepath.Join(dir, "keyset.json"), publicURL: "http://127.0.0.1", concurrency: 4, perAddress: 1}
	ctx := context.Background()
	err := c.withApp(ctx, func(h *app) error {
		for range 3 {
			if err := h.log.RecordAlone(ctx, access.System(), audit.Event{Action: access.DroverStart}); err != nil {
				return err
			}
		}
		folder := filepath.Join(dir, "archives")
		later := time.Now().AddDate(1, 2, 0)
		for name, due := range map[string]time.Time{"now": time.Now(), "before the year is over": time.Now().AddDate(0, 11, 0)} {
			if file, err := h.archiveOld(ctx, due, 365, folder); file != "" || err != nil {
				t.Errorf("%s: %s %v", name, file, err)
			}
		}
		if file, err := h.archiveOld(ctx, later, 0, folder); file != "" || err != nil {
			t.Errorf("with nothing to keep: %s %v", file, err)
		}
		h.db.Gorm.Exec("INSERT INTO streams (name, seq) VALUES ('hook', 1)")
		if file, err := h.archiveOld(ctx, later, 365, folder); file != "" && err == nil {
			t.Errorf("archived what the copy lacks: %s", file)
		}
		h.db.Gorm.Exec("UPDATE streams SET seq = 3")
		file, err := h.archiveOld(ctx, later, 365, folder)
		if info, statErr := os.Stat(file); err != nil || statErr != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s %v %v", file, err, statErr)
		}
		h.db.Gorm.Exec("UPDATE streams SET seq = 4")
		if repeated, err := h.archiveOld(ctx, later, 365, folder); repeated != "" || err != nil {
			t.Errorf("twice for one month: %s %v", repeated, err)
		}
		v, err := h.log.Verify(ctx)
		if err != nil || !v.Intact() || v.Anchor != 3 || v.Entries != 1 {
			t.Errorf("%+v %v", v, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
