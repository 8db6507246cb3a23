package runs_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func requestSpec(pairs ...string) runs.Spec {
	params := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		params[pairs[i]] = pairs[i+1]
	}
	return runstest.Everywhere("request", params)
}

// attacks are requests that destroy, each in another form than that of the built-in operation or the method DELETE.
var attacks = map[string]runs.Spec{
	"a built-in operation":     requestSpec("method", "PATCH", "path", "/bigscoots-cache/v2/disable-cache"),
	"in other letters":         requestSpec("method", "PATCH", "path", "/BIGSCOOTS-cache/v2/disable-cache/"),
	"a batch":                  requestSpec("method", "POST", "path", "/batch/v1", "body", `{"requests":[{"method":"DELETE","path":"/wp/v2/posts/1"}]}`),
	"a plugin":                 requestSpec("method", "POST", "path", "/wp/v2/plugins/akismet/akismet", "body", `{"status":"inactive"}`),
	"a user":                   requestSpec("method", "POST", "path", "/wp/v2/users/1", "body", `{"roles":["administrator"]}`),
	"an application password":  requestSpec("method", "POST", "path", "/wp/v2/users/me/application-passwords", "body", `{"name":"x"}`),
	"settings":                 requestSpec("method", "PUT", "path", "/wp/v2/settings", "body", `{"title":"x"}`),
	"a reference in the route": requestSpec("method", "POST", "path", "/wp/v2/{{site.name}}"),
	"said to only change":      requestSpec("method", "DELETE", "path", "/wp/v2/posts/1", "effect", "change"),
	"said to only read":        requestSpec("method", "PATCH", "path", "/bigscoots-cache/v2/disable-cache", "effect", "read"),
}

// What a request does decides who may start it, see it, repeat it and ask for it, not the form that it is put in.
func TestAnEffectBelongsToWhatIsDone(t *testing.T) {
	t.Parallel()
	h, ctx := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Client: "Acme"}}), context.Background()
	for name, spec := range attacks {
		if _, err := h.Runner.Start(ctx, runstest.Operator, spec); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s: an operator started it: %v", name, err)
		}
		if _, err := h.Runner.Preview(ctx, runstest.Operator, spec); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s: an operator saw what it would do: %v", name, err)
		}
		var p validation.Problems
		if _, err := h.Runner.Start(ctx, runstest.Owner, spec); !errors.As(err, &p) || p["confirm"] == "" {
			t.Errorf("%s: an owner started it without confirming: %v", name, err)
		}
		if got, err := h.Runner.EffectOf(ctx, spec); got != operation.Destroy || err != nil {
			t.Errorf("%s: no fresh proof is asked for, %q, %v", name, got, err)
		}
		spec.Confirmed = 1
		run, err := h.Runner.Start(ctx, runstest.Owner, spec)
		if err != nil || run.Effect != operation.Destroy {
			t.Errorf("%s: %+v %v", name, run, err)
			continue
		}
		if _, err := h.Runner.Rerun(ctx, runstest.Operator, run.ID, runs.Which{}, 1); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s: an operator repeated it: %v", name, err)
		}
	}
	if err := h.Runner.SetPolicy(ctx, runstest.Owner, runs.Policy{Effects: []operation.Effect{operation.Destroy}}); err != nil {
		t.Fatal(err)
	}
	for name, spec := range attacks {
		spec.Confirmed = 1
		run, err := h.Runner.Start(ctx, adam, spec)
		if err != nil || run.State != runs.AwaitingApproval {
			t.Errorf("%s: it needs no second person: %v %v", name, run.State, err)
			continue
		}
		var p validation.Problems
		if err := h.Runner.Approve(ctx, ada, run.ID, 0); !errors.As(err, &p) {
			t.Errorf("%s: it was approved without confirming: %v", name, err)
		}
	}
	if n := len(h.Fake.Calls(0)); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// Who is held to operations is held to them by whatever name: a request needs the right to make requests, and that to the operation that it is.
func TestARequestNeedsTheScopeOfWhatItIs(t *testing.T) {
	t.Parallel()
	h, ctx := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}}), context.Background()
	clear := requestSpec("method", "PATCH", "path", "/bigscoots-cache/v2/clear-cache", "body", `{"purge_type":"all"}`)
	for name, c := range map[string]struct {
		operations []string
		spec       runs.Spec
		allowed    bool
	}{
		"the operation, not requests":    {[]string{"clear-cache"}, clear, false},
		"requests, not the operation":    {[]string{"request"}, clear, false},
		"both":                           {[]string{"request", "clear-cache"}, clear, true},
		"all that changes":               {[]string{"change"}, clear, true},
		"requests and another operation": {[]string{"request", "enable-cache"}, clear, false},
		"requests, some other route":     {[]string{"request"}, requestSpec("method", "POST", "path", "/wp/v2/posts", "body", "{}"), true},
		"a batch with the operation": {[]string{"request"}, requestSpec("method", "POST", "path", "/batch/v1", "body",
			`{"requests":[{"method":"PATCH","path":"/bigscoots-cache/v2/clear-cache"}]}`), false},
		"what changes, said to only read": {[]string{"read"}, requestSpec("method", "POST", "path", "/wp/v2/posts", "body", "{}", "effect", "read"), false},
		"reads":                           {[]string{"read"}, requestSpec("method", "GET", "path", "/bigscoots-cache/v2/status"), true},
		"status by requests alone":        {[]string{"request"}, requestSpec("method", "GET", "path", "/bigscoots-cache/v2/status"), false},
	} {
		actor := adam
		actor.Scope = access.NewScope(access.Restriction{Operations: c.operations})
		if _, err := h.Runner.Start(ctx, actor, c.spec); c.allowed != (err == nil) || err != nil && !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
		token := actor
		token.Kind = access.KindToken
		if _, err := h.Runner.Preview(ctx, token, c.spec); c.allowed != (err == nil) {
			t.Errorf("%s, by a token: %v", name, err)
		}
	}
}

// A value that is filled in never makes more of a request than its path says.
func TestValuesMakeNoOtherRequest(t *testing.T) {
	t.Parallel()
	h, ctx := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}}), context.Background()
	for _, value := range []string{"settings", "..%2Fusers", "1/settings", "x/../../users"} {
		spec := requestSpec("method", "POST", "path", "/acme/v1/things/{{row.id}}", "body", "{}", "rows", "site,id\n"+h.Sites[0].Home+","+value)
		var p validation.Problems
		if _, err := h.Runner.Preview(ctx, runstest.Operator, spec); !errors.As(err, &p) || p["path"] == "" {
			t.Errorf("%s: %v", value, err)
		}
		if run, err := h.Runner.Start(ctx, runstest.Operator, spec); !errors.As(err, &p) || p["path"] == "" {
			t.Errorf("%s: %v %v", value, run, err)
		}
	}
	spec := requestSpec("method", "POST", "path", "/acme/v1/things/{{row.id}}", "body", "{}", "rows", "site,id\n"+h.Sites[0].Home+",17")
	if run, err := h.Runner.Start(ctx, runstest.Operator, spec); err != nil || run.Effect != operation.Change {
		t.Errorf("%+v %v", run, err)
	}
}

// A site's name may change between the start and the sending.
func TestWhatIsSentIsJudgedTwice(t *testing.T) {
	t.Parallel()
	h, ctx := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}}), context.Background()
	run, err := h.Runner.Start(ctx, runstest.Operator, requestSpec("method", "POST", "path", "/acme/v1/things/{{site.name}}", "body", "{}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Registry.Edit(ctx, runstest.Owner, h.Sites[0].ID, sites.Draft{Name: "settings", URL: h.Sites[0].Home}); err != nil {
		t.Fatal(err)
	}
	h.Work(t)
	h.Wait(t, run.ID)
	if n := len(h.Fake.Calls(0)); n != 0 {
		t.Errorf("%d requests were sent: %+v", n, h.Fake.Calls(0))
	}
	for _, target := range h.Targets(t, run.ID) {
		if target.Note == "" || target.Outcome != "skipped" {
			t.Errorf("%+v", target)
		}
	}
}

// What a site says of an ability raises the effect of running it, under whatever name it is reached, and lowers none.
func TestAnAbilityIsJudgedByWhatItsSiteSaysToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, ctx := runstest.New(t, db, []wptest.Site{{}}), t.Context()
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		fmt.Fprint(w, `[{"name":"acme/tidy","meta":{"annotations":{"destructive":true}}},
			{"name":"acme/Sweep","meta":{"annotations":{"readonly":true}}},{"name":"acme/erase","meta":{"annotations":{"readonly":true}}}]`)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		h.Exec(t, "INSERT INTO site_indexes (site_id, fetched_at, body, abilities) VALUES (?, 1, ?, ?)", h.Sites[0].ID, packed.Bytes(), packed.Bytes())
		for path, want := range map[string]operation.Effect{
			"/wp-abilities/v1/abilities/acme/tidy/run": operation.Destroy, "/WP-abilities/v1/abilities/acme/Tidy/run/": operation.Destroy,
			"/wp-abilities/v1/abilities/acme/sweep/run": operation.Change,
			"/wp-abilities/v1/abilities/acme/erase/run": operation.Destroy, "/wp-abilities/v1/abilities/acme/other/run": operation.Change,
		} {
			spec := requestSpec("method", "POST", "path", path)
			if got, err := h.Runner.EffectOf(ctx, spec); got != want || err != nil {
				t.Errorf("%s: %s, want %s, %v", path, got, want, err)
			}
			_, err := h.Runner.Start(ctx, runstest.Operator, spec)
			if refused := errors.Is(err, access.ErrForbidden); refused != (want == operation.Destroy) {
				t.Errorf("%s by an operator: %v", path, err)
			}
		}
	})
}
