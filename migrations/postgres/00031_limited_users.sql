-- +goose Up

-- The users that Drover made on sites, one line for each site: each step is stored before the request that does it. There is no secret in it.
CREATE TABLE limited_users (
    site_id       BIGINT PRIMARY KEY REFERENCES sites (id) ON DELETE CASCADE,
    step          TEXT   NOT NULL CHECK (step IN ('creating_user', 'creating_password', 'choosing_role', 'storing', 'done', 'failed', 'left_behind')),
    origin        TEXT   NOT NULL,
    username      TEXT   NOT NULL,
    user_id       TEXT   NOT NULL DEFAULT '', -- in WordPress
    role          TEXT   NOT NULL DEFAULT '',
    password_name TEXT   NOT NULL,
    finding       TEXT   NOT NULL DEFAULT '',
    fix           TEXT   NOT NULL DEFAULT '',
    asked_by      TEXT   NOT NULL,
    asked_at      BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL DEFAULT 0
);

-- +goose Down
DROP TABLE limited_users;
