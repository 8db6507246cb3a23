-- +goose Up

-- Files that wait for their import until the member has looked at the preview, sealed: they hold passwords.
CREATE TABLE import_uploads (
    member_id  BIGINT PRIMARY KEY,
    sealed     BYTEA  NOT NULL,
    key_id     BIGINT NOT NULL,
    columns    TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Which columns were chosen for files with a header, for the next file with the same one.
CREATE TABLE import_columns (
    header     TEXT PRIMARY KEY,
    columns    TEXT   NOT NULL,
    updated_at BIGINT NOT NULL
);
