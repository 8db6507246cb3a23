-- +goose Up

-- Limited users are made for many sites at once: some wait for their turn, and who works one leases it. What nobody has leased was interrupted.
ALTER TABLE limited_users DROP CONSTRAINT limited_users_step_check;
ALTER TABLE limited_users ADD CONSTRAINT limited_users_step_check
    CHECK (step IN ('waiting', 'creating_user', 'creating_password', 'choosing_role', 'storing', 'done', 'failed', 'left_behind'));
ALTER TABLE limited_users ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE limited_users ADD COLUMN permissions TEXT NOT NULL DEFAULT ''; -- JSON: which requests the new credential may send, by method and path

-- +goose Down
DELETE FROM limited_users WHERE step = 'waiting';
ALTER TABLE limited_users DROP COLUMN permissions;
ALTER TABLE limited_users DROP COLUMN lease_until;
ALTER TABLE limited_users DROP CONSTRAINT limited_users_step_check;
ALTER TABLE limited_users ADD CONSTRAINT limited_users_step_check
    CHECK (step IN ('creating_user', 'creating_password', 'choosing_role', 'storing', 'done', 'failed', 'left_behind'));
