package runs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func TestARequestRefersToItsSite(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t), []wptest.Site{{Host: "one.example"}, {Host: "two.example"}, {Host: "three.example"}})
	h.work(t)
	rows := "site,title\n" + h.sites[0].Home + `/,"Tom ""&"" Co"` + "\n" + h.sites[1].Home + ",17\n"
	spec := everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts", "rows": rows, "body": `{"title":"{{row.title}} at {{site.host}}","status":"draft"}`})
	preview, err := h.runner.Preview(context.Background(), owner, spec)
	if err != nil || preview.Total != 2 || len(preview.LeftOut) != 1 {
		t.Fatalf("%+v, %v", preview, err)
	}
	h.wait(t, h.start(t, spec).ID)
	for i, want := range []string{`{"status":"draft","title":"Tom \"\u0026\" Co at one.example:` + h.fake.URL(0)[len("https://one.example:"):] + `"}`, ""} {
		if calls := h.fake.Calls(i); want != "" && (len(calls) != 1 || calls[0].Body != want) {
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
		var problems sites.Problems
		if _, err := h.runner.Preview(context.Background(), owner, wrong); !errors.As(err, &problems) || problems[field] == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// Only who has the right to may say that a request does less than its method may; everybody may say that it does more.
func TestWhoMayLowerAnEffect(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t), []wptest.Site{{}})
	h.work(t)
	spec := everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts", "body": `{"title":"a","status":"draft"}`, "effect": "read"})
	if _, err := h.runner.Start(context.Background(), operator, spec); !errors.Is(err, audit.ErrForbidden) {
		t.Errorf("an operator lowered an effect: %v", err)
	}
	if run := h.start(t, spec); run.Effect != runs.Change {
		t.Errorf("what a person says changed what the run does: %+v", run)
	}
	spec.Params["effect"] = "destroy"
	if _, err := h.runner.Start(context.Background(), operator, spec); !errors.Is(err, audit.ErrForbidden) {
		t.Errorf("an operator destroyed: %v", err)
	}
}

func TestAnswersOfAllPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newHouse(t, db, []wptest.Site{{}, {}, {Fault: wptest.BOM}, {Fault: wptest.SiteError}, {Fault: wptest.Maintenance}})
		h.work(t)
		last := h.wait(t, h.start(t, everywhere("request", map[string]string{"method": "GET", "path": "/wp/v2/posts?per_page=1&context=view", "pages": "true"})).ID)
		table, err := endpoint.NewTable(endpoint.Query{Columns: []endpoint.Column{{Name: "id", Expr: ".id"}, {Name: "slug", Expr: ".slug"}}})
		if err != nil {
			t.Fatal(err)
		}
		bySite := map[int64]string{}
		err = h.runner.Answers(context.Background(), audit.System(), last.Run.ID, func(a endpoint.Answer) error {
			for _, row := range table.Add(context.Background(), a) {
				bySite[row.Site] += endpoint.Show(row.Cells[0]) + endpoint.Show(row.Cells[1]) + " "
			}
			return nil
		})
		if err != nil || len(bySite) != 4 || last.Counts.Partial != 1 {
			t.Fatalf("%v, %v", bySite, err)
		}
		for site, rows := range bySite {
			// PHP's output before the headers loses them, so that site does not say how many pages there are.
			want := map[bool]string{true: "1hello-world ", false: "1hello-world 2prices 3about-us "}[site == h.sites[2].ID]
			if rows != want {
				t.Errorf("site %d: %s", site, rows)
			}
		}
	})
}
