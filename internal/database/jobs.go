package database

import "context"

// JobsAvailable tells whether the queue has a job that could be worked now. It is a read, and waits for no lock.
func (d *DB) JobsAvailable(ctx context.Context) (available bool, err error) {
	row := d.SQL.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM river_job WHERE state = 'available')")
	err = row.Scan(&available)
	return available, err
}
