-- +goose Up

-- The cache plugins that are active on the site, by their names in Drover and separated by commas; 'none' where there is none that Drover
-- knows, empty where nobody has looked yet.
ALTER TABLE sites ADD COLUMN cache_plugins TEXT NOT NULL DEFAULT '';
