package runs

import (
	"context"
	"database/sql"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/droverhq/drover/internal/database"
)

// BatchJob is the queue's job: work one batch.
type BatchJob struct {
	Batch int64 `json:"batch"`
}

// Kind names the job in the queue.
func (BatchJob) Kind() string { return "batch" }

// enqueue puts batches into the queue within a transaction: sql.Tx on SQLite, pgx.Tx on PostgreSQL.
type enqueue struct {
	sqlite   func(context.Context, *sql.Tx, []int64) error
	postgres func(context.Context, pgx.Tx, []int64) error
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

func inserter[T any](client *river.Client[T]) func(context.Context, T, []int64) error {
	return func(ctx context.Context, tx T, batches []int64) error {
		if len(batches) == 0 {
			return nil
		}
		params := make([]river.InsertManyParams, len(batches))
		for i, id := range batches {
			params[i] = river.InsertManyParams{Args: BatchJob{Batch: id}}
		}
		_, err := client.InsertManyTx(ctx, tx, params)
		return err
	}
}
