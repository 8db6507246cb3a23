-- +goose Up

-- Times are microseconds since 1970 in UTC, 0 where there is none yet. Both databases hold the same numbers.

CREATE TABLE members (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    email         TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('viewer', 'operator', 'admin', 'owner')),
    password_hash TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL,
    left_at       BIGINT  NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX members_email ON members (email) WHERE left_at = 0;

CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash   TEXT    NOT NULL UNIQUE,
    member_id    INTEGER NOT NULL REFERENCES members (id),
    created_at   BIGINT  NOT NULL,
    last_seen_at BIGINT  NOT NULL,
    addr         TEXT    NOT NULL DEFAULT '',
    user_agent   TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX sessions_member ON sessions (member_id);

CREATE TABLE links (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL CHECK (kind IN ('setup', 'sign_in', 'invitation')),
    token_hash TEXT    NOT NULL UNIQUE,
    email      TEXT    NOT NULL DEFAULT '',
    role       TEXT    NOT NULL DEFAULT '',
    member_id  INTEGER NOT NULL DEFAULT 0,
    created_by TEXT    NOT NULL DEFAULT '',
    created_at BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    used_at    BIGINT  NOT NULL DEFAULT 0
);

CREATE TABLE clients (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    created_at BIGINT  NOT NULL
);

CREATE TABLE sites (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    name           TEXT    NOT NULL,
    home           TEXT    NOT NULL UNIQUE,
    host           TEXT    NOT NULL,
    client_id      INTEGER REFERENCES clients (id),
    root           TEXT    NOT NULL DEFAULT '',
    override       TEXT    NOT NULL DEFAULT '',
    state          TEXT    NOT NULL DEFAULT 'unchecked',
    finding        TEXT    NOT NULL DEFAULT '',
    plugin_version TEXT    NOT NULL DEFAULT '',
    cache_state    TEXT    NOT NULL DEFAULT '',
    environment    TEXT    NOT NULL DEFAULT '',
    has_plugin     TEXT    NOT NULL DEFAULT '',
    address        TEXT    NOT NULL DEFAULT '',
    redirects_to   TEXT    NOT NULL DEFAULT '',
    report         TEXT    NOT NULL DEFAULT '',
    checked_at     BIGINT  NOT NULL DEFAULT 0,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    retired_at     BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX sites_client ON sites (client_id);
CREATE INDEX sites_listed ON sites (retired_at, name, id);

CREATE TABLE site_tags (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    tag     TEXT    NOT NULL,
    PRIMARY KEY (site_id, tag)
) WITHOUT ROWID;
CREATE INDEX site_tags_tag ON site_tags (tag);

CREATE TABLE credentials (
    site_id       INTEGER PRIMARY KEY REFERENCES sites (id),
    username      TEXT    NOT NULL,
    sealed        BLOB    NOT NULL,
    key_id        BIGINT  NOT NULL,
    roles         TEXT    NOT NULL DEFAULT '',
    administrator BOOLEAN NOT NULL DEFAULT FALSE,
    created_at    BIGINT  NOT NULL,
    created_by    TEXT    NOT NULL DEFAULT '',
    worked_at     BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX credentials_key ON credentials (key_id);

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    operation    TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    effect       TEXT    NOT NULL CHECK (effect IN ('read', 'change', 'destroy')),
    spec         TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'cancelled')),
    actor_kind   TEXT    NOT NULL,
    actor_id     BIGINT  NOT NULL DEFAULT 0,
    actor_name   TEXT    NOT NULL,
    addr         TEXT    NOT NULL DEFAULT '',
    total        BIGINT  NOT NULL,
    again_of     BIGINT  NOT NULL DEFAULT 0,
    created_at   BIGINT  NOT NULL,
    started_at   BIGINT  NOT NULL DEFAULT 0,
    ended_at     BIGINT  NOT NULL DEFAULT 0,
    cancelled_at BIGINT  NOT NULL DEFAULT 0,
    cancelled_by TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX runs_open ON runs (state) WHERE ended_at = 0;

CREATE TABLE batches (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    done        BOOLEAN NOT NULL DEFAULT FALSE,
    owner       TEXT    NOT NULL DEFAULT '',
    lease_until BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX batches_run ON batches (run_id);
CREATE INDEX batches_leased ON batches (lease_until) WHERE NOT done;

CREATE TABLE targets (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id     INTEGER NOT NULL REFERENCES runs (id),
    batch_id   INTEGER NOT NULL REFERENCES batches (id),
    site_id    INTEGER NOT NULL REFERENCES sites (id),
    site_name  TEXT    NOT NULL,
    home       TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done')),
    outcome    TEXT    NOT NULL DEFAULT '',
    reason     TEXT    NOT NULL DEFAULT '',
    status     BIGINT  NOT NULL DEFAULT 0,
    code       TEXT    NOT NULL DEFAULT '',
    message    TEXT    NOT NULL DEFAULT '',
    note       TEXT    NOT NULL DEFAULT '',
    location   TEXT    NOT NULL DEFAULT '',
    attempts   BIGINT  NOT NULL DEFAULT 0,
    started_at BIGINT  NOT NULL DEFAULT 0,
    ended_at   BIGINT  NOT NULL DEFAULT 0,
    took_us    BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX targets_run ON targets (run_id, state, outcome, reason);
CREATE INDEX targets_ended ON targets (run_id, ended_at);
CREATE INDEX targets_batch ON targets (batch_id, state);
CREATE INDEX targets_site ON targets (site_id, id);

CREATE TABLE attempts (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    target_id    INTEGER NOT NULL REFERENCES targets (id),
    n            BIGINT  NOT NULL,
    method       TEXT    NOT NULL,
    url          TEXT    NOT NULL,
    override     TEXT    NOT NULL DEFAULT '',
    request_body TEXT    NOT NULL DEFAULT '',
    sent         BOOLEAN NOT NULL,
    status       BIGINT  NOT NULL DEFAULT 0,
    header       TEXT    NOT NULL DEFAULT '',
    body         BLOB,
    body_cut     BOOLEAN NOT NULL DEFAULT FALSE,
    fault        TEXT    NOT NULL DEFAULT '',
    outcome      TEXT    NOT NULL DEFAULT '',
    reason       TEXT    NOT NULL DEFAULT '',
    address      TEXT    NOT NULL DEFAULT '',
    started_at   BIGINT  NOT NULL,
    took_us      BIGINT  NOT NULL
);
CREATE INDEX attempts_target ON attempts (target_id, n);

CREATE TABLE entries (
    seq        INTEGER PRIMARY KEY,
    at         BIGINT  NOT NULL,
    actor_kind TEXT    NOT NULL,
    actor_id   BIGINT  NOT NULL,
    actor_name TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    addr       TEXT    NOT NULL,
    prev       TEXT    NOT NULL,
    hash       TEXT    NOT NULL
);
CREATE INDEX entries_action ON entries (action, seq);
CREATE INDEX entries_subject ON entries (subject, seq);
CREATE INDEX entries_actor ON entries (actor_name, seq);
CREATE INDEX entries_at ON entries (at);

-- +goose StatementBegin
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
