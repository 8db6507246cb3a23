package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/runs"
)

// jobs is the part of the queue's client that does not depend on the database.
type jobs interface {
	Start(context.Context) error
	Stop(context.Context) error
	StopAndCancel(context.Context) error
	JobList(context.Context, *river.JobListParams) (*river.JobListResult, error)
}

// listedAtOnce is how many jobs River lists at once, at most.
const listedAtOnce = 10_000

// countQueued counts the jobs that nobody has taken yet, page by page, until there are enough.
func countQueued(ctx context.Context, q jobs, enough, page int) (int, error) {
	params := river.NewJobListParams().Kinds(runs.BatchJob{}.Kind()).
		States(rivertype.JobStateAvailable, rivertype.JobStateScheduled, rivertype.JobStateRetryable).First(page)
	for n := 0; ; {
		listed, err := q.JobList(ctx, params)
		if err != nil {
			return 0, err
		}
		if n += len(listed.Jobs); n >= enough || len(listed.Jobs) < page {
			return n, nil
		}
		params = params.After(listed.LastCursor)
	}
}

// pollSQLite is how often the queue looks for jobs on SQLite. River's notifications there are a table that it polls every 50 ms. Measured, idle
// and from insert to start: polling alone 30 ms of CPU a second, 34 ms (97th percentile 74 ms); notifications and a poll each second 26 ms
// of CPU, 30 ms (975 ms, since a notification within the cooldown is lost); both 43 ms of CPU, 29 ms (88 ms). So it polls alone, and with sqliteDriver
// for 13 ms.
const pollSQLite = 100 * time.Millisecond

// spareWorkers look for batches while all others work one.
const spareWorkers = 8

func openQueue(db *database.DB, work func(context.Context) error, logger *slog.Logger) (jobs, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[runs.BatchJob]) error { return work(ctx) }))
	config := &river.Config{
		Workers:                     workers,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: maxBatches + spareWorkers}},
		JobTimeout:                  -1, // a batch ends by its targets' own deadlines, and its lease tells whether its worker lives
		CompletedJobRetentionPeriod: time.Hour,
		FetchCooldown:               50 * time.Millisecond,
		Logger:                      logger,
	}
	if db.Postgres() {
		return river.NewClient(riverpgxv5.New(db.Pool), config)
	}
	config.FetchPollInterval, config.PollOnly = pollSQLite, true
	return river.NewClient(newSQLiteDriver(db), config)
}
