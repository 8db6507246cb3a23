package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// rotateEvery is how often a server looks for rotations to go on with.
const rotateEvery = 3 * time.Second

// keepRotating goes on with rotations of passwords, those of an earlier process too, until stop.
func (h *app) keepRotating(ctx context.Context, logger *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var under sync.WaitGroup
	under.Go(func() {
		tick := time.NewTicker(rotateEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			if err := h.registry.WorkRotations(ctx); err != nil && ctx.Err() == nil {
				logger.ErrorContext(ctx, "rotating application passwords failed; Drover tries again", "err", err)
			}
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	})
	return func() { cancel(); under.Wait() }
}
