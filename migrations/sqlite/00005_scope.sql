-- +goose Up

-- What a member is held to beside the role, as JSON: clients, tags and operations. Empty: nothing.
ALTER TABLE members ADD COLUMN bound TEXT NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN bound TEXT NOT NULL DEFAULT '';

-- Keys with which programs act for a member, held to a bound of their own. Only a hash is stored.
CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id  INTEGER NOT NULL REFERENCES members (id),
    name       TEXT   NOT NULL,
    hash       TEXT   NOT NULL UNIQUE,
    role       TEXT   NOT NULL,
    bound      TEXT   NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL DEFAULT 0,
    used_at    BIGINT NOT NULL DEFAULT 0,
    used_from  TEXT   NOT NULL DEFAULT '',
    recorded_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_member ON tokens (member_id);
