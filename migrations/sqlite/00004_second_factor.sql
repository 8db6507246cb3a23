-- +goose Up

-- What a member shows besides the password. An authenticator app's secret is sealed; a passkey is public.
CREATE TABLE factors (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id    INTEGER NOT NULL REFERENCES members (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('totp', 'passkey')),
    name         TEXT    NOT NULL,
    sealed       BLOB,
    key_id       BIGINT  NOT NULL DEFAULT 0,
    credential   TEXT    NOT NULL DEFAULT '',
    passkey      TEXT    NOT NULL DEFAULT '',
    last_step    BIGINT  NOT NULL DEFAULT 0,
    created_at   BIGINT  NOT NULL,
    confirmed_at BIGINT  NOT NULL DEFAULT 0,
    used_at      BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX factors_member ON factors (member_id);
CREATE UNIQUE INDEX factors_credential ON factors (credential) WHERE credential <> '';

CREATE TABLE recovery_codes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id  INTEGER NOT NULL REFERENCES members (id),
    code_hash  TEXT    NOT NULL UNIQUE,
    created_at BIGINT  NOT NULL,
    used_at    BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX recovery_codes_member ON recovery_codes (member_id);

-- half: the second factor is still to be given. fresh_at: when the member last proved who they are. ceremony: a passkey's challenge.
ALTER TABLE sessions ADD COLUMN half BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN fresh_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN ceremony TEXT NOT NULL DEFAULT '';

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
