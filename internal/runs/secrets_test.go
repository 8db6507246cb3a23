package runs_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// survives tells where in the database, its file included, the text stands.
func survives(t *testing.T, db *database.DB, text string) []string {
	t.Helper()
	var found []string
	if db.Postgres() {
		return nil
	}
	var file string
	if err := db.Gorm.Raw("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file).Error; err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + "-wal"} {
		content, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Contains(string(content), text) {
			found = append(found, name)
		}
	}
	var tables []string
	if err := db.Gorm.Raw("SELECT name FROM sqlite_master WHERE type = 'table'").Scan(&tables).Error; err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		rows, err := db.Gorm.Raw("SELECT * FROM " + table).Rows()
		if err != nil {
			continue // a table of the full-text index
		}
		for row := range scanned(rows) {
			if strings.Contains(row, text) {
				found = append(found, table+": "+row)
			}
		}
	}
	return found
}

func scanned(rows *sql.Rows) func(func(string) bool) {
	return func(yield func(string) bool) {
		defer rows.Close()
		columns, _ := rows.Columns()
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if rows.Scan(into...) == nil && !yield(fmt.Sprintf("%s", values)) {
				return
			}
		}
	}
}

// A secret that a request sends is sent, and is afterwards nowhere: not in the database, a preview, an attempt, an entry or an answer.
func TestSecretsOfRequestsAreNotKept(t *testing.T) {
	const secret = "Zx81Qq77Unseen"
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var sent atomic.Int32
		h, ctx := runstest.New(t, db, []wptest.Site{{Answer: func(w http.ResponseWriter, r *http.Request) bool {
			body, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodPost {
				r.Body = io.NopCloser(bytes.NewReader(body))
				return false
			}
			if strings.Contains(string(body)+r.URL.String()+r.Header.Get("X-Api-Key"), secret) {
				sent.Add(1)
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Wp-Nonce", secret)
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"id":7,"application":{"password":%q},"message":"It is %s."}`, secret, secret)
			return true
		}}}), context.Background()
		for name, spec := range map[string]runs.Spec{
			"a body":   requestSpec("method", "POST", "path", "/wp/v2/posts", "body", `{"title":"a","status":"draft","meta":{"new_password":"`+secret+`"}}`),
			"a query":  requestSpec("method", "POST", "path", "/wp/v2/posts?api_key="+secret, "body", `{"title":"a"}`),
			"a header": requestSpec("method", "POST", "path", "/wp/v2/posts", "body", `{"title":"a"}`, "headers", "X-Api-Key: "+secret),
			"a table": requestSpec("method", "POST", "path", "/wp/v2/posts", "body", `{"title":"a","password":"{{row.p}}"}`, "rows",
				"site,p\n"+h.Sites[0].Home+","+secret),
			"a named table": requestSpec("method", "POST", "path", "/wp/v2/posts", "body", `{"title":"a","excerpt":"{{row.password}}"}`, "rows",
				"site,password\n"+h.Sites[0].Home+","+secret),
		} {
			spec.Form = "route=/wp/v2/posts&f.password=" + secret
			preview, err := h.Runner.Preview(ctx, runstest.Owner, spec)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if shown := fmt.Sprintf("%+v", preview.Requests); strings.Contains(shown, secret) {
				t.Errorf("%s: the preview shows it: %s", name, shown)
			}
			run := h.Start(t, spec)
			if where := survives(t, h.DB, secret); len(where) > 0 {
				t.Errorf("%s, before it was sent: %v", name, where)
			}
			stored, err := h.Runner.Run(ctx, runstest.Owner, run.ID)
			if text, _ := json.Marshal(stored); err != nil || strings.Contains(string(text), secret) || !strings.Contains(string(text), endpoint.Removed) {
				t.Errorf("%s: %s %v", name, text, err)
			}
			var p validation.Problems
			if _, err := h.Runner.Rerun(ctx, runstest.Owner, run.ID, runs.Which{}, 0); !errors.As(err, &p) || !strings.Contains(p.Error(), "not stored") {
				t.Errorf("%s: a repeat does not ask for it: %v", name, err)
			}
		}
		if err := h.Vault.Rotate(); err != nil {
			t.Fatal(err)
		}
		if n, err := h.Runner.RotateKeys(ctx, runstest.Owner); n != 5 || err != nil {
			t.Errorf("%d runs were resealed, %v", n, err)
		}
		h.Work(t)
		for id := range int64(5) {
			h.Wait(t, id+1)
		}
		if n := sent.Load(); n != 5 {
			t.Errorf("it was sent %d times", n)
		}
		if where := survives(t, h.DB, secret); len(where) > 0 {
			t.Errorf("after it was sent: %v", where)
		}
		entries, _, err := h.Log.Entries(ctx, access.System(), audit.Filter{})
		if text, _ := json.Marshal(entries); err != nil || strings.Contains(string(text), secret) {
			t.Errorf("the audit log holds it: %v", err)
		}
	})
}

// A page's address may hold a secret too.
func TestSecretsOfAddressesAreNotKept(t *testing.T) {
	t.Parallel()
	const secret = "Zx81Qq77Unseen"
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}})
	spec := runstest.Everywhere("clear-cache", map[string]string{"purge_type": "urls", "urls": "/download/?access_token=" + secret})
	spec.Verify = true
	run := h.Start(t, spec)
	if where := survives(t, h.DB, secret); len(where) > 0 {
		t.Errorf("before it was sent: %v", where)
	}
	h.Work(t)
	h.Wait(t, run.ID)
	if calls := fmt.Sprintf("%+v", h.Fake.Calls(0)); !strings.Contains(calls, secret) {
		t.Errorf("it was not sent: %s", calls)
	}
	if where := survives(t, h.DB, secret); len(where) > 0 {
		t.Errorf("after it was sent: %v", where)
	}
}
