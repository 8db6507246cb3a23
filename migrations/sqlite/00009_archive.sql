-- +goose Up

-- Where the audit log begins after older entries were archived. An anchor is held while its entries are removed, and no transaction can be
-- committed that holds one: anchor_holds stays empty, and the reference is checked at the commit.
CREATE TABLE anchor_holds (id BIGINT PRIMARY KEY CHECK (id = 0));
CREATE TABLE anchors (
    seq        BIGINT PRIMARY KEY,
    hash       TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    checkpoint TEXT   NOT NULL,
    held       BIGINT CHECK (held = 1) REFERENCES anchor_holds (id) DEFERRABLE INITIALLY DEFERRED
);
-- +goose StatementBegin
CREATE TRIGGER anchors_insert BEFORE INSERT ON anchors
WHEN NEW.held IS NOT 1 OR NOT EXISTS (SELECT 1 FROM entries WHERE seq = NEW.seq AND hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: an anchor must be an entry that is being archived'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER anchors_update BEFORE UPDATE ON anchors
WHEN OLD.held IS NOT 1 OR NEW.held IS NOT NULL OR OLD.seq <> NEW.seq OR OLD.hash <> NEW.hash OR OLD.at <> NEW.at OR OLD.checkpoint <> NEW.checkpoint
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: an anchor stays as it is'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER anchors_delete BEFORE DELETE ON anchors
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: an anchor stays as it is'); END;
-- +goose StatementEnd

DROP TRIGGER entries_no_delete;
-- +goose StatementBegin
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
WHEN NOT EXISTS (SELECT 1 FROM anchors WHERE held = 1 AND seq >= OLD.seq)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
