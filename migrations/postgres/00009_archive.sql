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
CREATE FUNCTION anchors_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.held = 1 AND EXISTS (SELECT 1 FROM entries WHERE seq = NEW.seq AND hash = NEW.hash) THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' AND OLD.held = 1 AND NEW.held IS NULL AND (OLD.seq, OLD.hash, OLD.at, OLD.checkpoint) = (NEW.seq, NEW.hash, NEW.at, NEW.checkpoint) THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'the audit log is append-only: an anchor is an entry that is being archived, and stays as it is';
END $$;
-- +goose StatementEnd
CREATE TRIGGER anchors_keep BEFORE INSERT OR UPDATE OR DELETE ON anchors FOR EACH ROW EXECUTE FUNCTION anchors_keep();
CREATE TRIGGER anchors_no_truncate BEFORE TRUNCATE ON anchors FOR EACH STATEMENT EXECUTE FUNCTION entries_append_only();

-- +goose StatementBegin
CREATE FUNCTION entries_archived_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM anchors WHERE held = 1 AND seq >= OLD.seq) THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
-- +goose StatementEnd
DROP TRIGGER entries_no_change ON entries;
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries FOR EACH ROW EXECUTE FUNCTION entries_append_only();
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries FOR EACH ROW EXECUTE FUNCTION entries_archived_only();
