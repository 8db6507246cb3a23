-- +goose Up

-- A run that was cancelled after a crash ended without the targets that were under way when it crashed.
UPDATE targets SET state = 'done', outcome = 'unknown', reason = 'cut_off', ended_at = (SELECT ended_at FROM runs WHERE runs.id = targets.run_id),
    note = 'Drover was stopped while this request was running. It may have taken effect. It was not sent again.'
WHERE state = 'running' AND run_id IN (SELECT id FROM runs WHERE ended_at > 0);
