package runs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// A watch that cannot read its run says so once, goes on, and says it again when it fails again.
func TestAWatchLogsThatItFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		reads := 0
		read := func(context.Context, access.Actor, int64) (Snapshot, error) {
			switch reads++; {
			case reads == 4:
				return Snapshot{Run: Run{ID: 7, State: Running}}, nil
			case reads == 6:
				panic("nobody thought of that")
			case reads < 9:
				return Snapshot{}, errors.New("the disk is full")
			}
			return Snapshot{Run: Run{ID: 7, State: Done}}, nil
		}
		w := &Watch{read: read, every: watchEvery, logger: slog.New(slog.NewTextHandler(&log, nil)), runs: map[view]*watched{}}
		var last Snapshot
		for s := range w.Follow(t.Context(), access.System(), 7) {
			last = s
		}
		if n := strings.Count(log.String(), "a watched run could not be read"); n != 2 || last.Run.State != Done {
			t.Errorf("logged %d times after %d reads, the last one %s:\n%s", n, reads, last.Run.State, log.String())
		}
	})
}

// A run that takes long to read is read less often.
func TestAWatchLeavesTheMachineRoom(t *testing.T) {
	t.Parallel()
	for took, most := range map[time.Duration]int{0: 42, 50 * time.Millisecond: 12, time.Second: 5} {
		synctest.Test(t, func(t *testing.T) {
			reads, began := 0, time.Now()
			read := func(context.Context, access.Actor, int64) (Snapshot, error) {
				time.Sleep(took) // on the clock of the bubble
				reads++
				if time.Since(began) > 10*time.Second {
					return Snapshot{Run: Run{ID: 7, State: Done}}, nil
				}
				return Snapshot{Run: Run{ID: 7, State: Running}}, nil
			}
			w := &Watch{read: read, every: watchEvery, logger: slog.Default(), runs: map[view]*watched{}}
			var last Snapshot
			for s := range w.Follow(t.Context(), access.System(), 7) {
				last = s
			}
			if reads > most || reads < most/2 || last.Run.State != Done {
				t.Errorf("%v each: %d reads in 10 s, want %d at most, the last one %s", took, reads, most, last.Run.State)
			}
		})
	}
}
