-- +goose Up

-- A batch that fails as a whole pauses before its next attempt, longer each time, and is given up after a bound.
ALTER TABLE batches ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN retry_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX batches_open ON batches (run_id, id) WHERE NOT done;

-- What kept Drover itself from working a part of the run, as a sentence; empty where nothing did.
ALTER TABLE runs ADD COLUMN fault TEXT NOT NULL DEFAULT '';
CREATE INDEX runs_fault ON runs (id) WHERE fault <> '';

ALTER TABLE runs RENAME COLUMN again_of TO rerun_of;
ALTER TABLE holds RENAME TO host_leases;
