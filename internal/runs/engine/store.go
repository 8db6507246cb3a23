package engine

import (
	"context"
	"net/netip"
	"time"

	"github.com/droverhq/drover/internal/runs"
)

// Store is what the engine works from: batches and their leases, host leases, and runs whose time is over.
type Store interface {
	NextBatch(ctx context.Context) (runs.NextBatch, error)
	TakeBatch(ctx context.Context, batch int64, owner string, until time.Time) (bool, error)
	RenewBatch(ctx context.Context, batch int64, owner string, until time.Time) (renewed, cancelled bool, err error)
	ReturnBatch(ctx context.Context, batch int64, owner string) error
	FailBatch(ctx context.Context, batch int64, owner string, cause error) error
	Batch(ctx context.Context, batch int64) (runs.Batch, error)
	BeginRun(ctx context.Context, run int64) error
	StoreProgress(ctx context.Context, batch int64, owner string, until time.Time, p runs.Progress) (refused []int64, err error)
	FinishBatch(ctx context.Context, run, batch int64, owner string) error

	RequeueExpired(ctx context.Context, own func(batch int64) bool) (int, error)
	CountUnowned(ctx context.Context) (int, error)
	Enqueue(ctx context.Context, jobs int) error
	EndOverdue(ctx context.Context) error
	EndUnapproved(ctx context.Context) error
	ReleaseDue(ctx context.Context) error
	Revoke(ctx context.Context, run int64, note string) error

	LeaseHosts(ctx context.Context, owner string, wanted []netip.Addr, until time.Time) ([]netip.Addr, error)
	RenewHosts(ctx context.Context, owner string, until time.Time) ([]netip.Addr, error)
	ReleaseHosts(ctx context.Context, owner string, idle []netip.Addr) error
	ReleaseAllHosts(ctx context.Context, owner string) error
}
