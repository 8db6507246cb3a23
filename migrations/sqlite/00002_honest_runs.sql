-- +goose Up

ALTER TABLE runs ADD COLUMN deadline_at BIGINT NOT NULL DEFAULT 0;

ALTER TABLE targets ADD COLUMN verified TEXT NOT NULL DEFAULT '' CHECK (verified IN ('', 'yes', 'no', 'unclear'));
ALTER TABLE targets ADD COLUMN proof TEXT NOT NULL DEFAULT '';

ALTER TABLE attempts ADD COLUMN waited_us BIGINT NOT NULL DEFAULT 0;

-- The servers that some process speaks to: the limit for each address holds across processes.
CREATE TABLE holds (
    address TEXT   PRIMARY KEY,
    owner   TEXT   NOT NULL,
    until   BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX holds_owner ON holds (owner);
