-- +goose Up

-- The words of the audit log, for searching: what is written here is found there, and only the log itself is the log.
CREATE VIRTUAL TABLE entries_words USING fts5(text, content='', contentless_delete=1);
INSERT INTO entries_words (rowid, text) SELECT seq, actor_name || ' ' || action || ' ' || subject || ' ' || outcome || ' ' || addr || ' ' || detail FROM entries;

-- +goose StatementBegin
CREATE TRIGGER entries_spoken AFTER INSERT ON entries
BEGIN INSERT INTO entries_words (rowid, text) VALUES (new.seq, new.actor_name || ' ' || new.action || ' ' || new.subject || ' ' || new.outcome || ' ' || new.addr || ' ' || new.detail); END;
-- +goose StatementEnd

CREATE INDEX entries_outcome ON entries (outcome, seq) WHERE outcome <> 'done';

-- Filters of the audit log that a member gave a name.
CREATE TABLE audit_views (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id INTEGER NOT NULL REFERENCES members (id),
    name      TEXT    NOT NULL,
    query     TEXT    NOT NULL,
    UNIQUE (member_id, name)
);

CREATE INDEX entries_actor_id ON entries (actor_id, seq) WHERE actor_id <> 0;
