package runs

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/droverhq/drover/internal/database"
)

// BatchJob is the queue's job: work the batch whose turn it is. There is a job for each batch that waits, but none names its batch, so
// that a run which came later is not behind all batches of those before.
type BatchJob struct{}

// Kind names the job in the queue.
func (BatchJob) Kind() string { return "batch" }

// enqueue puts batches into the queue within a transaction: sql.Tx on SQLite, pgx.Tx on PostgreSQL.
type enqueue struct {
	sqlite   func(context.Context, *sql.Tx, []time.Time) error
	postgres func(context.Context, pgx.Tx, []time.Time) error
}

// openQueue opens the queue for putting batches in. The engine takes them out.
func openQueue(db *database.DB, logger *slog.Logger) (enqueue, error) {
	config := &river.Config{Logger: logger}
	if db.Postgres() {
		client, err := river.NewClient(riverpgxv5.New(db.Pool), config)
		return enqueue{postgres: inserter(client)}, err
	}
	client, err := river.NewClient(riverdriver.Driver[*sql.Tx](riversqlite.New(db.SQL)), config)
	return enqueue{sqlite: inserter(client)}, err
}

func inserter[T any](client *river.Client[T]) func(context.Context, T, []time.Time) error {
	return func(ctx context.Context, tx T, jobs []time.Time) error {
		if len(jobs) == 0 {
			return nil
		}
		params := make([]river.InsertManyParams, len(jobs))
		for i, at := range jobs {
			params[i] = river.InsertManyParams{Args: BatchJob{}, InsertOpts: &river.InsertOpts{ScheduledAt: at}}
		}
		_, err := client.InsertManyTx(ctx, tx, params)
		return err
	}
}
