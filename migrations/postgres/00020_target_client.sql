-- +goose Up

-- The client that the site belonged to when the run started: a report for a client stays what it was.
ALTER TABLE targets ADD COLUMN client TEXT NOT NULL DEFAULT '';
UPDATE targets SET client = (SELECT clients.name FROM sites JOIN clients ON clients.id = sites.client_id WHERE sites.id = targets.site_id)
	WHERE site_id IN (SELECT id FROM sites WHERE client_id IS NOT NULL);
