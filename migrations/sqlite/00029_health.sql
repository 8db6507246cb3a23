-- +goose Up

-- Every site is checked on a schedule of its own. A process that checks one holds its lease.
ALTER TABLE sites ADD COLUMN next_check_at BIGINT NOT NULL DEFAULT 0; -- 0: to be planned
ALTER TABLE sites ADD COLUMN check_failures BIGINT NOT NULL DEFAULT 0; -- checks in a row that found it broken
ALTER TABLE sites ADD COLUMN check_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sites_next_check ON sites (next_check_at) WHERE retired_at = 0;

ALTER TABLE sites ADD COLUMN state_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sites ADD COLUMN certificate_ends BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sites ADD COLUMN wordpress_version TEXT NOT NULL DEFAULT '';

-- What changed on a site: its state, and what is known of it.
CREATE TABLE site_events (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id  BIGINT NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    at       BIGINT NOT NULL,
    kind     TEXT   NOT NULL CHECK (kind IN ('state', 'plugin_version', 'cache_state', 'wordpress_version')),
    was      TEXT   NOT NULL,
    became   TEXT   NOT NULL,
    finding  TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX site_events_site ON site_events (site_id, id);
CREATE INDEX site_events_at ON site_events (at);

-- What is known so far begins with the last look.
UPDATE sites SET state_since = CASE WHEN seen_at > 0 THEN seen_at ELSE checked_at END WHERE state <> 'unchecked';
INSERT INTO site_events (site_id, at, kind, was, became, finding)
    SELECT id, state_since, 'state', 'unchecked', state, finding FROM sites WHERE state_since > 0;
