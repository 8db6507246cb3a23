-- +goose Up

-- Who invited, raised or reset a member, and when: the two are not independent for some time, so neither approves for the other.
CREATE TABLE influences (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id BIGINT NOT NULL REFERENCES members (id),
    by_id     BIGINT NOT NULL REFERENCES members (id),
    how       TEXT   NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX influences_member ON influences (member_id, at);

-- The member whose link the session began with, 0 for none.
ALTER TABLE sessions ADD COLUMN begun_by BIGINT NOT NULL DEFAULT 0;
