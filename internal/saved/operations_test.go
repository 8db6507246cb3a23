package saved_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/validation"
)

var (
	operator = access.Actor{Kind: access.KindMember, ID: 2, Name: "Mara", Role: access.Operator}
	viewer   = access.Actor{Kind: access.KindMember, ID: 3, Name: "Vera", Role: access.Viewer}
)

func TestLibrary(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, log := context.Background(), audit.New(db.Gorm)
		library := saved.New(db, log)
		d := saved.Definition{Name: " Users ", Method: "GET", Path: "wp/v2/users", Table: endpoint.Query{Columns: []endpoint.Column{{Name: "id", Expr: ".id"}}}}
		kept, err := library.Save(ctx, operator, d)
		if err != nil || kept.Name != "Users" || kept.Path != "/wp/v2/users" || kept.CreatedBy != "Mara" {
			t.Fatalf("%+v, %v", kept, err)
		}
		if _, err := library.Save(ctx, viewer, d); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer saved: %v", err)
		}
		for field, wrong := range map[string]saved.Definition{
			"name": {Name: "Users", Method: "GET", Path: "/x"}, "method": {Name: "a", Method: "BREW", Path: "/x"}, "path": {Name: "a", Method: "GET"},
			"body": {Name: "a", Method: "POST", Path: "/x", Body: "{"}, "effect": {Name: "a", Method: "POST", Path: "/x", Effect: "none"},
			"columns": {Name: "a", Method: "GET", Path: "/x", Table: endpoint.Query{Rows: ".["}},
		} {
			var p validation.Problems
			if _, err := library.Save(ctx, operator, wrong); !errors.As(err, &p) || p[field] == "" {
				t.Errorf("%s: %v", field, err)
			}
		}
		for _, sly := range []saved.Definition{
			{Name: "sly", Method: "POST", Path: "/wp/v2/users/1", Effect: "change"},
			{Name: "sly", Method: "PATCH", Path: "/bigscoots-cache/v2/disable-cache", Effect: "read"},
			{Name: "sly", Method: "POST", Path: "/batch/v1", Effect: "change", Body: `{"requests":[{"method":"DELETE","path":"/wp/v2/posts/1"}]}`},
		} {
			if _, err := library.Save(ctx, operator, sly); !errors.Is(err, access.ErrForbidden) {
				t.Errorf("an operator said that %s %s only does %s: %v", sly.Method, sly.Path, sly.Effect, err)
			}
		}
		for field, secret := range map[string]saved.Definition{
			"body":    {Name: "s", Method: "POST", Path: "/x", Body: `{"a":[{"new_password":"Zx81Qq77"}]}`},
			"path":    {Name: "s", Method: "GET", Path: "/x?consumer_secret=Zx81Qq77"},
			"headers": {Name: "s", Method: "GET", Path: "/x", Headers: "X-Trace: 7\nX-Api-Key: Zx81Qq77"},
		} {
			var p validation.Problems
			if _, err := library.Save(ctx, operator, secret); !errors.As(err, &p) || p[field] == "" || strings.Contains(p.Error(), "Zx81Qq77") {
				t.Errorf("%s: a secret was saved: %v", field, err)
			}
		}
		if kept, err := library.Save(ctx, operator, saved.Definition{Name: "with a reference", Method: "POST", Path: "/x",
			Body: `{"password":"{{row.password}}"}`}); err != nil {
			t.Error(err)
		} else if err := library.Remove(ctx, operator, kept.ID); err != nil {
			t.Error(err)
		}
		if _, err := library.Save(ctx, operator, saved.Definition{Name: "sly", Method: "DELETE", Path: "/x", Effect: "read"}); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("an operator lowered an effect: %v", err)
		}
		d.Sentence = "All users."
		if edited, err := library.Edit(ctx, operator, kept.ID, d); err != nil || edited.Sentence != "All users." {
			t.Errorf("%+v, %v", edited, err)
		}
		text, err := library.Export(ctx, operator)
		if err != nil || !strings.Contains(string(text), "All users.") {
			t.Errorf("%s, %v", text, err)
		}
		if err := library.Remove(ctx, operator, kept.ID); err != nil {
			t.Error(err)
		}
		if _, err := library.One(ctx, kept.ID); !errors.Is(err, saved.ErrNone) {
			t.Errorf("it is still there: %v", err)
		}
		if added, left, err := library.Import(ctx, operator, text); err != nil || added != 1 || len(left) != 0 {
			t.Errorf("%d %v %v", added, left, err)
		}
		if added, left, err := library.Import(ctx, operator, text); err != nil || added != 0 || len(left) != 1 {
			t.Errorf("%d %v %v", added, left, err)
		}
		if _, n, err := log.Entries(ctx, access.System(), audit.Filter{Subject: access.On("operation", kept.ID), Outcome: audit.Done}); err != nil || n != 3 {
			t.Errorf("%d entries tell its history, %v", n, err)
		}
	})
}

// What comes with Drover is as sound as what a member may save.
func TestBuiltinsAreSound(t *testing.T) {
	t.Parallel()
	library := saved.New(dbtest.SQLite(t), audit.New(dbtest.SQLite(t).Gorm))
	all, err := library.All(context.Background())
	if err != nil || len(all) < 10 {
		t.Fatalf("%d, %v", len(all), err)
	}
	for _, o := range all {
		if err := o.Table.Check(); err != nil || o.Sentence == "" || !o.Builtin() {
			t.Errorf("%s: %v", o.Name, err)
		}
	}
}

// An older Drover saved what was typed.
func TestSecretsOfAnOlderDroverAreTakenOut(t *testing.T) {
	const secret = "Zx81Qq77Unseen"
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, library := context.Background(), saved.New(db, audit.New(db.Gorm))
		kept, err := library.Save(ctx, operator, saved.Definition{Name: "old", Method: "POST", Path: "/x", Body: `{"a":1}`})
		if err != nil {
			t.Fatal(err)
		}
		old, err := json.Marshal(saved.Definition{Name: "old", Method: "POST", Path: "/x?api_key=" + secret, Body: `{"password":"` + secret + `"}`,
			Headers: "X-Api-Key: " + secret})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Gorm.Exec("UPDATE operations SET definition = ?", string(old)).Error; err != nil {
			t.Fatal(err)
		}
		if shown, err := library.One(ctx, kept.ID); err != nil || strings.Contains(fmt.Sprint(shown), secret) || shown.Path != "/x?api_key="+endpoint.Removed {
			t.Errorf("%+v %v", shown, err)
		}
		if err := library.RedactStored(ctx); err != nil {
			t.Fatal(err)
		}
		var stored string
		if err := db.Gorm.Raw("SELECT definition FROM operations").Scan(&stored).Error; err != nil || strings.Contains(stored, secret) ||
			!strings.Contains(stored, endpoint.Removed) {
			t.Errorf("%s %v", stored, err)
		}
	})
}
