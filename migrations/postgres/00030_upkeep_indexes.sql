-- +goose Up

-- What the list of sites counts on every page: old credentials, and certificates that end soon.
CREATE INDEX credentials_created ON credentials (created_at);
CREATE INDEX sites_certificate ON sites (retired_at, certificate_ends);
