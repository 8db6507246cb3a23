-- +goose Up

-- A run that a person started waits before anything is sent: while it is delayed, no worker takes its batches, and it can be undone.
ALTER TABLE runs ADD COLUMN delayed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE runs ADD COLUMN starts_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX runs_delayed ON runs (id) WHERE delayed;

-- Runs that somebody puts together, each under an address of its own.
CREATE TABLE drafts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT   NOT NULL UNIQUE, -- in its address; cannot be guessed
    member_id  BIGINT NOT NULL REFERENCES members (id),
    operation  TEXT   NOT NULL,
    form       BLOB   NOT NULL, -- all that was typed and selected, sealed
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX drafts_member ON drafts (member_id, updated_at);
CREATE INDEX drafts_expires ON drafts (expires_at);
