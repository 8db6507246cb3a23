-- +goose Up

-- Whose check is due: without retired_at before it, SQLite read all sites for each one that it claimed.
DROP INDEX sites_next_check;
CREATE INDEX sites_next_check ON sites (retired_at, next_check_at);

-- A batch has few targets, and each of them changes its state twice.
DROP INDEX targets_batch;
CREATE INDEX targets_batch ON targets (batch_id);
