-- +goose Up

-- Changes that one person requested and a second one must approve before they are made.
CREATE TABLE pending_changes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    action     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    event      TEXT   NOT NULL, -- what the change would record, to be the same when it is approved
    detail     TEXT   NOT NULL, -- what the second person is shown
    payload    BLOB  NOT NULL, -- the change itself, sealed; empty once it is decided
    key_id     BIGINT NOT NULL,
    actor_kind TEXT   NOT NULL,
    actor_id   BIGINT NOT NULL REFERENCES members (id),
    actor_name TEXT   NOT NULL,
    addr       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_at BIGINT NOT NULL,
    decided_by TEXT   NOT NULL
);
CREATE INDEX pending_changes_state ON pending_changes (state, expires_at);

-- The member who approved the invitation and was shown it, 0 for none.
ALTER TABLE links ADD COLUMN approved_by BIGINT NOT NULL DEFAULT 0;
