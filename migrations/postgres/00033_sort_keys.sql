-- +goose Up

-- What lists are sorted by, so that 2 comes before 10. Drover fills it in when it next starts: no SQL of both databases makes it. The targets of
-- earlier runs keep their order.
ALTER TABLE sites ADD COLUMN sort_name TEXT NOT NULL DEFAULT '';
ALTER TABLE sites ADD COLUMN sort_host TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN sort_name TEXT NOT NULL DEFAULT '';
ALTER TABLE targets ADD COLUMN sort_name TEXT NOT NULL DEFAULT '';
