-- +goose Up

-- Pages count the sites by client and by state; this index has all that it takes.
CREATE INDEX sites_counted ON sites (retired_at, client_id, state);
