-- +goose Up

-- Every change of what a member may do raises the version, whoever makes it: a request that was authenticated before then changes nothing.
ALTER TABLE members ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
-- +goose StatementBegin
CREATE FUNCTION raise_member_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.version = old.version + 1;
    RETURN new;
END $$;
-- +goose StatementEnd
CREATE TRIGGER members_version BEFORE UPDATE ON members FOR EACH ROW
WHEN (old.role <> new.role OR old.bound <> new.bound OR old.left_at <> new.left_at OR old.password_hash <> new.password_hash)
EXECUTE FUNCTION raise_member_version();

-- Why a token was revoked other than by hand, and whether its member was told.
ALTER TABLE tokens ADD COLUMN revoked_why TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;

-- The origin (scheme, host and port) that a password was sealed for. Empty: sealed before there was one; sealed again at the next start.
ALTER TABLE credentials ADD COLUMN origin TEXT NOT NULL DEFAULT '';
