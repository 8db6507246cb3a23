-- +goose Up

-- What all spellings of a client's name have in common. Drover fills it in when it next starts: no SQL folds Unicode as Go does.
ALTER TABLE clients ADD COLUMN key TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX clients_key ON clients (key) WHERE key <> '';
