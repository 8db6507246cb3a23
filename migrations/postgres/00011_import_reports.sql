-- +goose Up

-- The bad lines of each member's last import as CSV, without passwords, to be fetched until they expire.
CREATE TABLE import_reports (
    member_id  BIGINT PRIMARY KEY,
    bad_lines  BYTEA   NOT NULL,
    bad        INTEGER NOT NULL,
    expires_at BIGINT  NOT NULL
);
