package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/endpoint"
)

// redactedAtOnce bounds the rows of one transaction: an answer may have 1 MB.
const redactedAtOnce = 20

// redactionDone is the setting of a table that was gone through.
const redactionDone = "done"

// RedactStored takes secrets out of what an older Drover stored with them: once, some rows at a time, and on from where it was stopped.
func (r *Runner) RedactStored(ctx context.Context) error {
	if err := r.store.redactAll(ctx, "redacted_runs", r.store.redactRuns); err != nil {
		return fmt.Errorf("runs: secrets of stored runs: %w", err)
	}
	if err := r.store.redactAll(ctx, "redacted_attempts", r.store.redactAttempts); err != nil {
		return fmt.Errorf("runs: secrets of stored answers: %w", err)
	}
	return nil
}

// redactAll goes through a table by id. Some redacts the rows after an id, and returns the last one's; 0 where there is none.
func (s *Store) redactAll(ctx context.Context, setting string, some func(ctx context.Context, after int64) (last int64, err error)) error {
	for {
		text, err := s.setting(ctx, setting)
		if err != nil || text == redactionDone {
			return err
		}
		after, _ := strconv.ParseInt(text, 10, 64) // empty at the beginning
		last, err := some(ctx, after)
		if err != nil {
			return err
		}
		next := strconv.FormatInt(last, 10)
		if last == 0 {
			next = redactionDone
		}
		if err := s.change(ctx, func(w write) error { return w.putSetting(setting, next) }); err != nil {
			return err
		}
	}
}

// redactRuns leaves out runs that have not ended: they need what they send, and lose it when they end.
func (s *Store) redactRuns(ctx context.Context, after int64) (int64, error) {
	var rows []runRow
	if err := s.db.Gorm.WithContext(ctx).Where("id > ? AND ended_at > 0", after).Order("id").Limit(redactedAtOnce).Find(&rows).Error; err != nil ||
		len(rows) == 0 {
		return 0, err
	}
	return rows[len(rows)-1].ID, s.change(ctx, func(w write) error {
		for _, row := range rows {
			if err := w.forgetSecrets(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgetSecrets takes out of a run that has ended what it sent and must not keep.
func (w write) forgetSecrets(row runRow) error {
	run, err := row.run()
	if err != nil {
		return err
	}
	spec, _ := withoutSecrets(run.Spec)
	spec.Sealed = nil
	text, err := json.Marshal(spec)
	if title := endpoint.RedactTemplate(row.Title).Text; err == nil && (string(text) != row.Spec || title != row.Title) {
		err = w.tx.Model(&runRow{}).Where("id = ?", row.ID).Updates(map[string]any{"spec": string(text), "title": title}).Error
	}
	return err
}

func (s *Store) redactAttempts(ctx context.Context, after int64) (int64, error) {
	var rows []attemptRow
	if err := s.db.Gorm.WithContext(ctx).Where("id > ?", after).Order("id").Limit(redactedAtOnce).Find(&rows).Error; err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[len(rows)-1].ID, s.change(ctx, func(w write) error {
		for _, row := range rows {
			if err := w.redactAttempt(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// redactAttempt takes the secrets of an attempt out of its texts, and out of what its target tells of them.
func (w write) redactAttempt(row attemptRow) error {
	a, err := row.attempt()
	if err != nil {
		return err
	}
	request, address, answer := endpoint.Redact(a.RequestBody), endpoint.Redact(a.URL), endpoint.Redact(string(a.Body))
	secrets := append(append(request.Secrets, address.Secrets...), answer.Secrets...)
	scrub := func(text string) string { return endpoint.Scrub(endpoint.Redact(text).Text, secrets) }
	header, err := json.Marshal(endpoint.RedactHeader(a.Header))
	if err != nil {
		return err
	}
	clean := map[string]any{
		"request_body": scrub(request.Text), "url": scrub(address.Text), "header": endpoint.Scrub(string(header), secrets), "fault": scrub(a.Fault),
	}
	changed := clean["request_body"] != a.RequestBody || clean["url"] != a.URL || clean["header"] != row.Header || clean["fault"] != a.Fault
	if body := endpoint.Scrub(answer.Text, secrets); body != string(a.Body) {
		clean["body"], changed = []byte(body), true
	}
	if !changed {
		return nil
	}
	if err := w.tx.Model(&attemptRow{}).Where("id = ?", row.ID).Updates(clean).Error; err != nil {
		return err
	}
	return w.redactTarget(row.TargetID, scrub)
}

func (w write) redactTarget(id int64, scrub func(string) string) error {
	var row targetRow
	err := w.tx.Where("id = ? AND state = ?", id, TargetDone).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil // it ends by this Drover
	}
	if err != nil {
		return err
	}
	return w.tx.Model(&targetRow{}).Where("id = ?", id).Updates(map[string]any{
		"code": scrub(row.Code), "message": scrub(row.Message), "note": scrub(row.Note), "location": scrub(row.Location),
	}).Error
}
