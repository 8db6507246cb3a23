-- +goose Up

-- What a site's REST API offers, as it was last fetched, compressed.
CREATE TABLE site_indexes (
    site_id    INTEGER PRIMARY KEY REFERENCES sites (id),
    fetched_at BIGINT NOT NULL,
    body       BLOB   NOT NULL,
    abilities  BLOB
);

CREATE TABLE operations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT   NOT NULL,
    definition TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT   NOT NULL,
    removed_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX operations_name ON operations (name) WHERE removed_at = 0;
