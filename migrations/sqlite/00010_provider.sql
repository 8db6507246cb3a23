-- +goose Up

-- Who a member is at an OpenID Connect provider. Once linked, the subject decides, never the e-mail address.
CREATE TABLE identities (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    issuer     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    member_id  INTEGER NOT NULL REFERENCES members (id),
    created_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_member ON identities (member_id);

-- Sign-ins that were begun with a provider, each for one use. session_id is the session that is to be confirmed, 0 for a sign-in.
CREATE TABLE provider_flows (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash TEXT   NOT NULL UNIQUE,
    state_hash TEXT   NOT NULL,
    nonce      TEXT   NOT NULL,
    verifier   TEXT   NOT NULL,
    next       TEXT   NOT NULL,
    session_id BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

-- provided: the provider asked for a second factor, so that none of ours is wanted.
ALTER TABLE sessions ADD COLUMN provided BOOLEAN NOT NULL DEFAULT FALSE;
