-- +goose Up

-- The replacement of application passwords by new ones, one line for each site. A new password is sealed here before the old one is revoked.
CREATE TABLE rotations (
    site_id       BIGINT PRIMARY KEY REFERENCES sites (id) ON DELETE CASCADE,
    step          TEXT   NOT NULL CHECK (step IN ('looking', 'ready', 'blocked', 'waiting', 'creating', 'created', 'swapped', 'done', 'failed', 'unrevoked')),
    origin        TEXT   NOT NULL,
    credential_at BIGINT NOT NULL, -- when the credential was stored that is to be replaced
    user_id       TEXT   NOT NULL DEFAULT '', -- in WordPress
    old_uuid      TEXT   NOT NULL DEFAULT '',
    name          TEXT   NOT NULL DEFAULT '', -- of the new password in WordPress, stored before it is asked for
    app_id        TEXT   NOT NULL DEFAULT '',
    new_uuid      TEXT   NOT NULL DEFAULT '',
    sealed        BYTEA, -- the new password, until it is the site's credential
    key_id        BIGINT NOT NULL DEFAULT 0,
    reason        TEXT   NOT NULL DEFAULT '',
    finding       TEXT   NOT NULL DEFAULT '',
    fix           TEXT   NOT NULL DEFAULT '',
    attempts      BIGINT NOT NULL DEFAULT 0,
    next_at       BIGINT NOT NULL DEFAULT 0,
    lease_owner   TEXT   NOT NULL DEFAULT '',
    lease_until   BIGINT NOT NULL DEFAULT 0,
    asked_by      TEXT   NOT NULL,
    asked_at      BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX rotations_open ON rotations (next_at) WHERE step IN ('looking', 'waiting', 'creating', 'created', 'swapped');
