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

-- Browsers that somebody signed in with: they are slowed on their own, whatever strangers do.
CREATE TABLE devices (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id  INTEGER NOT NULL REFERENCES members (id),
    token_hash TEXT    NOT NULL UNIQUE,
    created_at BIGINT  NOT NULL
);
CREATE INDEX devices_member ON devices (member_id);

-- A fourth kind of link, which sets another password; lift says that it takes the second factor away, too.
CREATE TABLE links_anew (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL CHECK (kind IN ('setup', 'sign_in', 'invitation', 'reset')),
    token_hash TEXT    NOT NULL UNIQUE,
    email      TEXT    NOT NULL DEFAULT '',
    role       TEXT    NOT NULL DEFAULT '',
    member_id  INTEGER NOT NULL DEFAULT 0,
    lift       BOOLEAN NOT NULL DEFAULT FALSE,
    created_by TEXT    NOT NULL DEFAULT '',
    created_at BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    used_at    BIGINT  NOT NULL DEFAULT 0
);
INSERT INTO links_anew (id, kind, token_hash, email, role, member_id, created_by, created_at, expires_at, used_at)
    SELECT id, kind, token_hash, email, role, member_id, created_by, created_at, expires_at, used_at FROM links;
DROP TABLE links;
ALTER TABLE links_anew RENAME TO links;
