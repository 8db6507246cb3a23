package engine

import (
	"context"
	"database/sql"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/droverhq/drover/internal/database"
)

// sqliteDriver is River's own, but for how an idle queue is polled. River takes jobs by an UPDATE, which waits for the write lock and is
// expensive to parse; ten times a second it would be most of what an idle server does.
type sqliteDriver struct {
	riverdriver.Driver[*sql.Tx]
	db *database.DB
}

func newSQLiteDriver(db *database.DB) riverdriver.Driver[*sql.Tx] {
	return sqliteDriver{riversqlite.New(db.SQL), db}
}

func (d sqliteDriver) GetExecutor() riverdriver.Executor {
	return sqliteExecutor{d.Driver.GetExecutor(), d.db}
}

type sqliteExecutor struct {
	riverdriver.Executor
	db *database.DB
}

// JobGetAvailable takes jobs where a read has seen any.
func (e sqliteExecutor) JobGetAvailable(ctx context.Context, params *riverdriver.JobGetAvailableParams) (*riverdriver.JobGetAvailableResult, error) {
	if available, err := e.db.JobsAvailable(ctx); err != nil || !available {
		return &riverdriver.JobGetAvailableResult{}, err
	}
	return e.Executor.JobGetAvailable(ctx, params)
}
