-- +goose Up

-- Filters of lists that a member gave a name.
CREATE TABLE saved_views (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id INTEGER NOT NULL REFERENCES members (id),
    page      TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    query     TEXT    NOT NULL,
    UNIQUE (member_id, page, name)
);

INSERT INTO saved_views (member_id, page, name, query) SELECT member_id, 'audit', name, query FROM audit_views;

DROP TABLE audit_views;
