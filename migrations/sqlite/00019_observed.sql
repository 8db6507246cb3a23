-- +goose Up

-- The cache plugin's mode, and when a check or a run last told the state of the site and of its cache plugin.
ALTER TABLE sites ADD COLUMN setup_mode TEXT NOT NULL DEFAULT '';
ALTER TABLE sites ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sites ADD COLUMN cache_at BIGINT NOT NULL DEFAULT 0;
UPDATE sites SET seen_at = checked_at, cache_at = checked_at WHERE checked_at > 0;
