-- +goose Up

-- Approval by a second person: a run that someone else must approve before anything is sent. approval is asked, approved, declined or expired; empty where
-- none is needed.
ALTER TABLE runs ADD COLUMN approval TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN approval_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';
CREATE INDEX runs_asked ON runs (id) WHERE approval = 'asked';
