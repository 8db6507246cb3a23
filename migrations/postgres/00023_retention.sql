-- +goose Up

-- How much of a run that ended was removed because it was old: 0 nothing, 1 answers, 2 attempts, 3 targets. Their counts stay with the run.
ALTER TABLE runs ADD COLUMN expired BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN kept_counts TEXT NOT NULL DEFAULT '';
CREATE INDEX runs_expired ON runs (expired, ended_at) WHERE ended_at > 0;
