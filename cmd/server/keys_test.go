package main

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// sealedValues are the columns with sealed values. What is sealed elsewhere must be rotated, and counted here.
var sealedValues = []string{"SELECT sealed FROM credentials", "SELECT sealed FROM factors WHERE kind = 'totp'",
	"SELECT payload FROM pending_changes WHERE state = 'waiting'", "SELECT form FROM drafts", "SELECT sealed FROM import_uploads"}

// waiting is a team with a credential, an authenticator app, and a change and a run that wait for a second person.
type waiting struct {
	*app
	config        *config
	site          sites.Site
	asker, second access.Actor
	enrolling     int64
	change, run   int64
	draft         string
}

// upload is a file that waits for its import.
const upload = "url,username,application_password\nhttps://zulu.example,u,abcd EFGH 1234 ijkl MNOP 5678\n"

func newWaiting(t *testing.T, databaseURL string) *waiting {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w := &waiting{config: &config{data: dir, databaseURL: databaseURL, keyFile: filepath.Join(dir, "keyset.json"), concurrency: 1, perAddress: 1}}
	w.reopen(t)
	shell := commandLine()
	var err error
	draft := sites.Draft{URL: "https://acme.example", Client: "Acme", Username: "u", Password: vault.NewSecret("abcd EFGH 1234 ijkl MNOP 5678")}
	w.site, err = w.registry.Add(ctx, shell, draft)
	must(err)
	for name, actor := range map[string]*access.Actor{"asker": &w.asker, "second": &w.second} {
		m, err := w.roster.Add(ctx, shell, members.Member{Email: name + "@agency.example", Name: name, Role: access.Owner}, vault.NewSecret("four words that differ"))
		must(err)
		*actor = m.Actor(netip.Addr{})
	}
	w.enrolling, err = w.roster.BeginTOTP(ctx, w.asker)
	must(err)
	must(w.runner.SetPolicy(ctx, shell, runs.Policy{Effects: []operation.Effect{operation.Change}}))
	draft.Password = vault.NewSecret("qrst EFGH 1234 ijkl MNOP 5678")
	_, err = w.changes.Do(ctx, w.asker, changes.Change{Action: access.SiteCredential, Sites: []int64{w.site.ID}, Draft: draft})
	requested, is := errors.AsType[*changes.Requested](err)
	if !is {
		t.Fatal(err)
	}
	run, err := w.runner.Start(ctx, w.asker, runs.Spec{Operation: "request", Selection: sites.Selection{All: true},
		Params: map[string]string{"method": "POST", "path": "/wp/v2/posts", "body": `{"title":"x","password":"hunter2hunter2"}`}})
	must(err)
	w.change, w.run = requested.Pending.ID, run.ID
	w.draft, err = w.runner.SaveDraft(ctx, w.asker, "", map[string][]string{"operation": {"request"}, "p.body": {`{"password":"hunter2hunter2"}`}})
	must(err)
	must(w.registry.KeepUpload(ctx, w.asker, []byte(upload), nil))
	return w
}

// reopen is another process over the same database and keyset.
func (w *waiting) reopen(t *testing.T) {
	t.Helper()
	if w.app != nil {
		if err := w.close(); err != nil {
			t.Fatal(err)
		}
	}
	h, err := w.config.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.app = h
}

// onBoth runs the test on SQLite and on a fresh PostgreSQL database.
func onBoth(t *testing.T, f func(t *testing.T, w *waiting)) {
	t.Run("sqlite", func(t *testing.T) { f(t, newWaiting(t, "")) })
	t.Run("postgres", func(t *testing.T) { f(t, newWaiting(t, dbtest.PostgresURL(t))) })
}

// Everything that is sealed opens after the keys were rotated and the old one is gone.
func TestOldKeysAreNotNeededAfterARotation(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *waiting) {
		ctx := t.Context()
		old := w.keys.Primary()
		if err := w.keys.Rotate(); err != nil {
			t.Fatal(err)
		}
		if _, err := w.dropOldKeys(ctx); err == nil {
			t.Fatal("keys that are needed were removed")
		}
		if resealed, err := w.rotateKeys(ctx); err != nil || resealed != [4]int{2, 1, 1, 2} {
			t.Fatalf("%v, %v", resealed, err)
		}
		for _, query := range sealedValues {
			var values [][]byte
			if err := w.db.Gorm.Raw(query).Scan(&values).Error; err != nil || len(values) != 1 || vault.SealedBy(values[0]) == int64(old) {
				t.Errorf("%s: %d values, %v", query, len(values), err)
			}
		}
		if n, err := w.dropOldKeys(ctx); err != nil || n != 1 {
			t.Fatalf("%d keys were removed, %v", n, err)
		}
		w.reopen(t)
		defer w.close()
		asker, err := w.roster.Member(ctx, w.asker.ID)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := w.roster.Enrolment(ctx, asker, w.enrolling); err != nil || e.Secret.Reveal() == "" {
			t.Errorf("the app: %v", err)
		}
		if _, err := w.registry.Dial(ctx, w.site); err != nil {
			t.Errorf("the credential: %v", err)
		}
		if d, err := w.runner.Draft(ctx, w.draft); err != nil || d.Form["p.body"] == nil {
			t.Errorf("the draft: %v, %v", d.Form, err)
		}
		if file, _, err := w.registry.Upload(ctx, w.asker); err != nil || string(file) != upload {
			t.Errorf("the file: %q, %v", file, err)
		}
		if err := w.runner.Approve(ctx, w.second, w.run, 1); err != nil {
			t.Errorf("the run: %v", err)
		}
		if _, err := w.changes.Approve(ctx, w.second, w.change); err != nil {
			t.Errorf("the change: %v", err)
		}
	})
}

// A server ends the changes that nobody approved in time, records each, and drops what they kept.
func TestChangesThatNobodyApprovedExpire(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *waiting) {
		if err := w.db.Gorm.Exec("UPDATE pending_changes SET expires_at = ?", time.Now().Add(-time.Second).UnixMicro()).Error; err != nil {
			t.Fatal(err)
		}
		w.config.addr = freeAddress(t)
		w.config.publicURL = "http://" + w.config.addr
		w.config.audit.archives = t.TempDir()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.config.serve(ctx, io.Discard, w.app, false) }()
		state := func() (s string) { w.db.Gorm.Raw("SELECT state FROM pending_changes").Scan(&s); return s }
		poll.Until(t, "the change expires", func() bool { return state() == "expired" })
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		var left [][]byte
		if err := w.db.Gorm.Raw("SELECT payload FROM pending_changes").Scan(&left).Error; err != nil || len(left) != 1 || len(left[0]) > 0 {
			t.Errorf("%d payloads are left, %v", len(left), err)
		}
		_, n, err := w.log.Entries(t.Context(), access.System(), audit.Filter{Action: access.ChangeDecline, Subject: access.On("change", w.change)})
		if err != nil || n != 1 {
			t.Errorf("%d entries, %v", n, err)
		}
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
}
