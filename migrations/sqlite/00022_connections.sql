-- +goose Up

-- The queue of sites that are to be connected by a user's approval in WordPress, shared by the team.
CREATE TABLE connections (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    address    TEXT    NOT NULL, -- as it was typed
    home       TEXT    NOT NULL,
    site_url   TEXT    NOT NULL DEFAULT '',
    root       TEXT    NOT NULL DEFAULT '',
    name       TEXT    NOT NULL DEFAULT '',
    approval   TEXT    NOT NULL DEFAULT '', -- the page on which a user approves
    plugins    TEXT    NOT NULL DEFAULT '',
    client     TEXT    NOT NULL DEFAULT '',
    tags       TEXT    NOT NULL DEFAULT '',
    site_id    BIGINT  NOT NULL DEFAULT 0,
    replaces   BOOLEAN NOT NULL DEFAULT FALSE, -- the credential of a site that is there already
    state      TEXT    NOT NULL CHECK (state IN ('looking', 'ready', 'attention', 'skipped', 'connected')),
    obstacle   TEXT    NOT NULL DEFAULT '',
    finding    TEXT    NOT NULL DEFAULT '',
    fix        TEXT    NOT NULL DEFAULT '',
    added_by   TEXT    NOT NULL,
    added_at   BIGINT  NOT NULL,
    looked_at  BIGINT  NOT NULL DEFAULT 0,
    taken_id   BIGINT  NOT NULL DEFAULT 0, -- the member who was last sent to WordPress for it
    taken_by   TEXT    NOT NULL DEFAULT '',
    taken_at   BIGINT  NOT NULL DEFAULT 0,
    ended_at   BIGINT  NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX connections_home ON connections (home);
CREATE INDEX connections_state ON connections (state, id);

-- Each time that a browser is sent to WordPress to approve. The state that comes back with it is stored as a hash, and is good once.
CREATE TABLE approvals (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id BIGINT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    state_hash    TEXT   NOT NULL UNIQUE,
    member_id     BIGINT NOT NULL,
    session_id    BIGINT NOT NULL,
    app_name      TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT NOT NULL DEFAULT 0,
    outcome       TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX approvals_connection ON approvals (connection_id, id);

-- The app_id under which WordPress knows this Drover.
CREATE TABLE connect_app (
    id     BIGINT PRIMARY KEY,
    app_id TEXT   NOT NULL
);
