package main

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize/english"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
)

// rotateKeys adds a key and seals everything with it: credentials, authenticator apps, changes and runs that wait, as counted in this order.
func (h *app) rotateKeys(ctx context.Context) (resealed [4]int, err error) {
	// The first one adds the key.
	for i, rotate := range []func(context.Context, access.Actor) (int, error){h.registry.RotateKeys, h.roster.RotateKeys, h.changes.RotateKeys,
		h.runner.RotateKeys} {
		if resealed[i], err = rotate(ctx, commandLine()); err != nil {
			return resealed, err
		}
	}
	return resealed, nil
}

// sealedCounts says how many of each kind of value are encrypted: credentials, authenticator apps, changes and waiting runs.
func sealedCounts(n [4]int) string {
	words := []string{english.Plural(n[0], "credential", "credentials"), english.Plural(n[1], "authenticator app", "authenticator apps")}
	if n[2] > 0 {
		words = append(words, english.Plural(n[2], "change", "changes"))
	}
	if n[3] > 0 {
		words = append(words, english.Plural(n[3], "waiting run", "waiting runs"))
	}
	return english.WordSeries(words, "and")
}

// dropOldKeys removes all keys but the newest, and refuses where one of them is still needed.
func (h *app) dropOldKeys(ctx context.Context) (int, error) {
	actor := commandLine()
	if err := h.log.Authorize(ctx, actor, access.KeysRotate, ""); err != nil {
		return 0, err
	}
	needed := int64(0)
	for _, count := range []func(context.Context, *database.DB, uint32) (int64, error){sites.CountSealedByOthers, members.CountSealedByOthers,
		changes.CountSealedByOthers, runs.CountSealedByOthers} {
		n, err := count(ctx, h.db, h.keys.Primary())
		if err != nil {
			return 0, err
		}
		needed += n
	}
	if needed > 0 {
		return 0, exit{exitRefused, fmt.Errorf("%s encrypted with older keys; run drover keys rotate first", english.Plural(int(needed), "value is", "values are"))}
	}
	// Recorded first: there is no way back.
	if err := h.log.RecordAlone(ctx, actor, audit.Event{Action: access.KeysRotate,
		Detail: map[string]any{"old_keys": "dropped", "key": h.keys.Primary()}}); err != nil {
		return 0, err
	}
	return h.keys.DropOld()
}
