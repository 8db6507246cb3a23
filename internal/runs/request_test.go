package runs_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/validation"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func TestARequestRefersToItsSite(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Host: "one.example"}, {Host: "two.example"}, {Host: "three.example"}})
	h.Work(t)
	rows := "site,title\n" + h.Sites[0].Home + `/,"Tom ""&"" Co"` + "\n" + h.Sites[1].Home + ",17\n"
	spec := runstest.Everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts", "rows": rows,
		"body": `{"title":"{{row.title}} at {{site.host}}","status":"draft"}`})
	preview, err := h.Runner.Preview(context.Background(), runstest.Owner, spec)
	if err != nil || preview.Total != 2 || len(preview.LeftOut) != 1 {
		t.Fatalf("%+v, %v", preview, err)
	}
	h.Wait(t, h.Start(t, spec).ID)
	for i, want := range []string{`{"status":"draft","title":"Tom \"\u0026\" Co at one.example:` + h.Fake.URL(0)[len("https://one.example:"):] + `"}`, ""} {
		if calls := h.Fake.Calls(i); want != "" && (len(calls) != 1 || calls[0].Body != want) {
			t.Errorf("site %d got %+v, want %s", i, calls, want)
		}
	}
	for field, change := range map[string][2]string{
		"body": {"body", `{"title":"{{row.nope}}"}`}, "path": {"path", "/wp/v2/posts/{{site.password}}"}, "rows": {"rows", "site,title\nhttps://other.example,1"},
		"headers": {"headers", "Authorization: Basic x"},
	} {
		wrong := spec
		wrong.Params = map[string]string{}
		for name, value := range spec.Params {
			wrong.Params[name] = value
		}
		wrong.Params[change[0]] = change[1]
		var problems validation.Problems
		if _, err := h.Runner.Preview(context.Background(), runstest.Owner, wrong); !errors.As(err, &problems) || problems[field] == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// Only who has the right to may say that a request does less than its method may; everybody may say that it does more.
func TestWhoMayLowerAnEffect(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}})
	h.Work(t)
	spec := runstest.Everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts", "body": `{"title":"a","status":"draft"}`, "effect": "read"})
	if _, err := h.Runner.Start(context.Background(), runstest.Operator, spec); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("an operator lowered an effect: %v", err)
	}
	if run := h.Start(t, spec); run.Effect != operation.Change {
		t.Errorf("what a person says changed what the run does: %+v", run)
	}
	spec.Params["effect"] = "destroy"
	if _, err := h.Runner.Start(context.Background(), runstest.Operator, spec); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("an operator destroyed: %v", err)
	}
}

func TestAnswersOfAllPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}, {Fault: wptest.BOM}, {Fault: wptest.SiteError}, {Fault: wptest.Maintenance}})
		h.Work(t)
		last := h.Wait(t, h.Start(t, runstest.Everywhere("request",
			map[string]string{"method": "GET", "path": "/wp/v2/posts?per_page=1&context=view", "pages": "true"})).ID)
		place, err := expression.NewPool(expression.Limits{}).Enter(context.Background(), "a test")
		if err != nil {
			t.Fatal(err)
		}
		defer place.Leave()
		table, err := endpoint.NewTable(endpoint.Query{Columns: []endpoint.Column{{Name: "id", Expr: ".id"}, {Name: "slug", Expr: ".slug"}}}, place)
		if err != nil {
			t.Fatal(err)
		}
		bySite := map[int64]string{}
		err = h.Runner.Answers(context.Background(), access.System(), last.Run.ID, func(a endpoint.Answer) error {
			rows, err := table.Add(context.Background(), a)
			for _, row := range rows {
				bySite[row.Site] += endpoint.Show(row.Cells[0]) + endpoint.Show(row.Cells[1]) + " "
			}
			return err
		})
		if err != nil || len(bySite) != 4 || last.Counts.Partial != 1 {
			t.Fatalf("%v, %v", bySite, err)
		}
		for site, rows := range bySite {
			// PHP's output before the headers loses them, so that site does not say how many pages there are.
			want := map[bool]string{true: "1hello-world ", false: "1hello-world 2prices 3about-us "}[site == h.Sites[2].ID]
			if rows != want {
				t.Errorf("site %d: %s", site, rows)
			}
		}
	})
}

// A path is sent as it is meant, whatever was pasted, and never to a site that was not.
func TestAPathIsMeantBelowTheRoot(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Host: "one.example"}, {Host: "two.example"}})
	for path, title := range map[string]string{
		"/wp-json/acme/v1/things": "GET /acme/v1/things", "wp-json/acme/v1/things": "GET /acme/v1/things", "acme/v1/things": "GET /acme/v1/things",
		h.Sites[0].Home + "/wp-json/acme/v1/things?a=1": "GET /acme/v1/things?a=1", "{{site.url}}/wp-json/acme/v1/things": "GET /acme/v1/things",
		"https://other.example/wp-json/acme/v1/things": "", "/shop/wp-json/acme/v1/things": "", h.Sites[0].Home + "/?rest_route=/acme/v1/things": "",
		"/acme/v1/things?rest[route=/wp/v2/users": "", "/acme/v1/a b": "", "/acme/v1/things\u200b": "", "//acme/v1/things": "",
	} {
		preview, err := h.Runner.Preview(context.Background(), runstest.Owner, runstest.Everywhere("request", map[string]string{"method": "GET", "path": path}))
		var problems validation.Problems
		if title == "" && (!errors.As(err, &problems) || problems["path"] == "") || title != "" && (err != nil || preview.Title != title) {
			t.Errorf("%s: %q, %v; want %q", path, preview.Title, err, title)
		}
	}
}

// A short text can name a long value many times: 200 KB here stand for 20 GB, and are refused before they are made.
func TestARequestIsBoundedBeforeItIsMade(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}})
	for name, params := range map[string]map[string]string{
		"body": {"method": "POST", "path": "/wp/v2/posts", "body": `{"title":"` + strings.Repeat("{{row.text}}", 20_000) + `"}`},
		"path": {"method": "GET", "path": "/wp/v2/posts?search=" + strings.Repeat("{{row.text}}", 50)},
	} {
		params["rows"] = "site,text\n" + h.Fake.URL(0) + "," + strings.Repeat("x", 1<<20) + "\n"
		_, err := h.Runner.Start(t.Context(), runstest.Owner, runstest.Everywhere("request", params))
		if problems, is := errors.AsType[validation.Problems](err); !is || !strings.Contains(problems[name], "With the values of") {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}
