-- +goose Up

-- How far each stream of the audit log has come: every entry up to seq was taken by the other side.
CREATE TABLE streams (
    name        TEXT   PRIMARY KEY,
    seq         BIGINT NOT NULL DEFAULT 0,
    owner       TEXT   NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    sent_at     BIGINT NOT NULL DEFAULT 0,
    failed_at   BIGINT NOT NULL DEFAULT 0,
    problem     TEXT   NOT NULL DEFAULT ''
);
