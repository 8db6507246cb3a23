-- +goose Up

-- One address may wait for several clients: an addition must not depend on what waits for those whose sites one does not see.
DROP INDEX connections_home;
CREATE UNIQUE INDEX connections_home ON connections (home, client, tags);
