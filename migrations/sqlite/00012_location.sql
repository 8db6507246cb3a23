-- +goose Up

-- What the site's REST index calls its home, and when it was last seen there that the site that answers is the site that was meant.
ALTER TABLE sites ADD COLUMN reported_home TEXT NOT NULL DEFAULT '';
ALTER TABLE sites ADD COLUMN located_at BIGINT NOT NULL DEFAULT 0;
