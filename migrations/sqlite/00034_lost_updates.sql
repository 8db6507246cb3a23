-- +goose Up

-- WordPress can lose a change of a user's passwords that it has confirmed, so Drover looks again some seconds after it revoked one.
ALTER TABLE rotations ADD COLUMN revoked_at BIGINT NOT NULL DEFAULT 0; -- when WordPress confirmed that the old password is revoked; 0: not yet
ALTER TABLE rotations ADD COLUMN lost_updates BIGINT NOT NULL DEFAULT 0; -- how many changes WordPress lost in this rotation
