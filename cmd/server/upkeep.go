package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// rotateEvery is how often a server looks for rotations to go on with.
const rotateEvery = 3 * time.Second

// checkEvery is how often a server looks for sites whose turn it is to be checked.
const checkEvery = 5 * time.Second

// keepChecking checks sites on their schedule, until stop.
func (h *app) keepChecking(ctx context.Context, logger *slog.Logger) (stop func()) {
	return repeat(ctx, checkEvery, func(ctx context.Context) {
		if err := h.registry.CheckDue(ctx); err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "checking sites on their schedule failed; Drover tries again", "err", err)
		}
	})
}

// keepRotating goes on with rotations of passwords, those of an earlier process too, until stop.
func (h *app) keepRotating(ctx context.Context, logger *slog.Logger) (stop func()) {
	return repeat(ctx, rotateEvery, func(ctx context.Context) {
		if err := h.registry.WorkRotations(ctx); err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "rotating application passwords failed; Drover tries again", "err", err)
		}
	})
}

// repeat does something again and again, with a pause in between, until stop, which waits for it.
func repeat(ctx context.Context, pause time.Duration, f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var under sync.WaitGroup
	under.Go(func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for ctx.Err() == nil {
			f(ctx)
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	})
	return func() { cancel(); under.Wait() }
}
