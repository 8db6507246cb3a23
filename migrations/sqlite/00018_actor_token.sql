-- +goose Up

-- The token that a run or a change was asked for with, 0 for none: a newer token of the same name is another one.
ALTER TABLE runs ADD COLUMN actor_token BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pending_changes ADD COLUMN actor_token BIGINT NOT NULL DEFAULT 0;
UPDATE runs SET actor_token = coalesce((
    SELECT max(tokens.id) FROM tokens
    WHERE tokens.member_id = runs.actor_id AND tokens.created_at <= runs.created_at
        AND substr(runs.actor_name, -length(' by the token ' || tokens.name)) = ' by the token ' || tokens.name), 0)
WHERE actor_kind = 'token' AND ended_at = 0;
UPDATE pending_changes SET actor_token = coalesce((
    SELECT max(tokens.id) FROM tokens
    WHERE tokens.member_id = pending_changes.actor_id AND tokens.created_at <= pending_changes.created_at
        AND substr(pending_changes.actor_name, -length(' by the token ' || tokens.name)) = ' by the token ' || tokens.name), 0)
WHERE actor_kind = 'token' AND state = 'waiting';
