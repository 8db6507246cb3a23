package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
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

// queued returns the batches whose job nobody has taken yet.
func queued(ctx context.Context, q jobs) (map[int64]bool, error) {
	const most = 10_000 // what River lists at once
	params := river.NewJobListParams().Kinds(runs.BatchJob{}.Kind()).States(rivertype.JobStateAvailable, rivertype.JobStateScheduled, rivertype.JobStateRetryable).First(most)
	listed, err := q.JobList(ctx, params)
	if err != nil {
		return nil, err
	}
	batches := make(map[int64]bool, len(listed.Jobs))
	for _, job := range listed.Jobs {
		var args runs.BatchJob
		if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
			return nil, err
		}
		batches[args.Batch] = true
	}
	return batches, nil
}

// worked is how many batches a process works side by side; how many requests that makes is the network's to limit.
const worked = 32

// pollSQLite is how often the queue looks for jobs on SQLite, which cannot notify. PostgreSQL does, and polling is its fallback.
const pollSQLite = 100 * time.Millisecond

func openQueue(db *database.DB, work func(context.Context, int64) error, logger *slog.Logger) (jobs, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[runs.BatchJob]) error { return work(ctx, job.Args.Batch) }))
	config := &river.Config{
		Workers:                     workers,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: worked}},
		JobTimeout:                  -1, // a batch ends by its targets' own deadlines, and its lease tells whether its worker lives
		CompletedJobRetentionPeriod: time.Hour,
		FetchCooldown:               50 * time.Millisecond,
		Logger:                      logger,
	}
	if db.Postgres() {
		return river.NewClient(riverpgxv5.New(db.Pool), config)
	}
	config.FetchPollInterval = pollSQLite
	return river.NewClient(riverdriver.Driver[*sql.Tx](riversqlite.New(db.SQL)), config)
}
