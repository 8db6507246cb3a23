-- +goose Up

-- Limited users are made for many sites at once: some wait for their turn, and who works one leases it. What nobody has leased was interrupted.
CREATE TABLE limited_users_next (
    site_id       INTEGER PRIMARY KEY REFERENCES sites (id) ON DELETE CASCADE,
    step          TEXT   NOT NULL CHECK (step IN ('waiting', 'creating_user', 'creating_password', 'choosing_role', 'storing', 'done', 'failed', 'left_behind')),
    origin        TEXT   NOT NULL,
    username      TEXT   NOT NULL, -- empty while no user was asked for
    user_id       TEXT   NOT NULL DEFAULT '', -- in WordPress
    role          TEXT   NOT NULL DEFAULT '',
    password_name TEXT   NOT NULL,
    finding       TEXT   NOT NULL DEFAULT '',
    fix           TEXT   NOT NULL DEFAULT '',
    asked_by      TEXT   NOT NULL,
    asked_at      BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL DEFAULT 0,
    lease_until   BIGINT NOT NULL DEFAULT 0,
    permissions   TEXT   NOT NULL DEFAULT '' -- JSON: which requests the new credential may send, by method and path
);
INSERT INTO limited_users_next (site_id, step, origin, username, user_id, role, password_name, finding, fix, asked_by, asked_at, ended_at)
SELECT site_id, step, origin, username, user_id, role, password_name, finding, fix, asked_by, asked_at, ended_at FROM limited_users;
DROP TABLE limited_users;
ALTER TABLE limited_users_next RENAME TO limited_users;

-- +goose Down
CREATE TABLE limited_users_before (
    site_id       INTEGER PRIMARY KEY REFERENCES sites (id) ON DELETE CASCADE,
    step          TEXT   NOT NULL CHECK (step IN ('creating_user', 'creating_password', 'choosing_role', 'storing', 'done', 'failed', 'left_behind')),
    origin        TEXT   NOT NULL,
    username      TEXT   NOT NULL,
    user_id       TEXT   NOT NULL DEFAULT '',
    role          TEXT   NOT NULL DEFAULT '',
    password_name TEXT   NOT NULL,
    finding       TEXT   NOT NULL DEFAULT '',
    fix           TEXT   NOT NULL DEFAULT '',
    asked_by      TEXT   NOT NULL,
    asked_at      BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL DEFAULT 0
);
INSERT INTO limited_users_before
SELECT site_id, step, origin, username, user_id, role, password_name, finding, fix, asked_by, asked_at, ended_at FROM limited_users WHERE step <> 'waiting';
DROP TABLE limited_users;
ALTER TABLE limited_users_before RENAME TO limited_users;
