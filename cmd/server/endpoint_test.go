package main

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// everywhere imports all sites of the lab's network with the administrator's credential, which WordPress's own endpoints need.
func (l lab) everywhere(t *testing.T, env []string) int {
	t.Helper()
	admin := l.rows(t, "admin.csv")[0]
	file, err := os.Create(filepath.Join(t.TempDir(), "all.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := csv.NewWriter(file)
	_ = w.Write([]string{"url", "username", "application_password"})
	n := 1
	for _, row := range l.rows(t, "sites.csv") {
		if strings.Contains(row["url"], "network.test") {
			_ = w.Write([]string{row["url"], admin["username"], admin["application_password"]})
			n++
		}
	}
	_ = w.Write([]string{admin["url"], admin["username"], admin["application_password"]})
	if w.Flush(); w.Error() != nil {
		t.Fatal(w.Error())
	}
	if code, out := run(t, env, "sites", "import", file.Name()); code != 0 {
		t.Fatalf("import: exit %d\n%s", code, out)
	}
	return n
}

// Every operation that comes with Drover works on every site of the lab.
func testOurOperations(t *testing.T, l lab) {
	env := append(l.env(), "DROVER_DATA="+t.TempDir())
	n := l.everywhere(t, env)
	db := dbtest.SQLite(t)
	all, err := saved.New(db, audit.New(db.Gorm)).All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		path := strings.ReplaceAll(o.Path, "akismet/akismet", "lab-notes/lab-notes")
		code, out := run(t, env, "run", "request", "--method", o.Method, "--path", path, "--body", o.Body, "--param", "effect="+o.Effect, "--all", "--yes", "--json")
		if code != 0 || !strings.Contains(out, fmt.Sprintf(`"counts":{"ok":%d}`, n)) {
			t.Errorf("%s: exit %d\n%s", o.Name, code, out)
		}
	}
}

// The explorer of a real index, a form with path variables, arrays and enums, wrong input before and after sending, a draft on every
// site and its end, and the plugins as a table.
func testAnyEndpoint(t *testing.T, l lab) {
	env := append(l.env(), "DROVER_DATA="+t.TempDir())
	n := l.everywhere(t, env)
	simulated{env: env}.addOwner(t)
	addr := freeAddress(t)
	p := start(t, append(env, "DROVER_ADDR="+addr), "serve")
	p.wait(t, "listens")
	home, ctx := "http://"+addr, browser(t)
	do(t, ctx, "sign in", chromedp.Navigate(home+"/sign-in"), chromedp.SendKeys("#email", olga), chromedp.SendKeys("#password", olgasPassword),
		chromedp.Click("main form button"), until(`document.querySelector("form[action=\"/sign-out\"]")`))

	do(t, ctx, "explore", chromedp.Navigate(home+"/endpoints?all=1"), until(fmt.Sprintf(`document.body.innerText.includes("on %d sites")`, n)))
	if routes := evaluate(t, ctx, `String(document.querySelectorAll("main details li").length)`); len(routes) < 3 {
		t.Errorf("a real index has %s routes", routes)
	}
	began := time.Now()
	do(t, ctx, "search", chromedp.Navigate(home+"/endpoints?all=1&words=posts+delete"), until(`document.body.innerText.includes("/wp/v2/posts/{id}")`))
	t.Logf("searching the index of %d sites took %v", n, time.Since(began).Round(time.Millisecond))

	form := home + "/endpoints/form?all=1&method=POST&route=%2Fwp%2Fv2%2Fposts"
	do(t, ctx, "a wrong number is stopped", chromedp.Navigate(form), chromedp.SendKeys(`[name="f.categories"]`, "news"),
		chromedp.Click(`main form button[data-variant="primary"]`),
		until(`document.body.innerText.includes("Enter a whole number")`))
	do(t, ctx, "a draft", chromedp.Navigate(form), chromedp.SendKeys(`[name="f.title"], [name="f.title.raw"]`, "Drover on {{site.host}}"),
		chromedp.SetValue(`[name="f.status"]`, "draft"),
		chromedp.Click(`main form button[data-variant="primary"]`), until(fmt.Sprintf(`document.querySelector("#run-preview")?.innerText.includes("%d sites")`, n)),
		chromedp.Click("#run-preview button:not([formaction])"),
		until(fmt.Sprintf(`document.querySelector("#run-live")?.innerText.includes("All %d sites succeeded")`, n)))

	do(t, ctx, "WordPress's own word stands at the field", chromedp.Navigate(home+"/endpoints/form?all=1&method=POST&route=%2Fwp%2Fv2%2Fposts"),
		chromedp.SendKeys(`[name="f.date"]`, "yesterday"), chromedp.Click(`main form button[data-variant="primary"]`),
		until(`document.querySelector("#run-preview")?.innerText.includes("sites")`),
		chromedp.Click("#run-preview button:not([formaction])"), until(fmt.Sprintf(`document.querySelector("#run-live")?.innerText.includes("%d need attention")`,
			n)),
		chromedp.Navigate(home+"/runs/2/targets?outcome=failed&reason=invalid_input"), chromedp.Click("main table a"),
		until(`document.body.innerText.includes("Edit in the form")`),
		chromedp.Click(`a[href^="/endpoints/form"]`), until(`document.querySelector('#f\\.date-problem')?.innerText.includes("date")`))

	l.endDrafts(t, env, n)
	do(t, ctx, "the plugins as a table", chromedp.Navigate(home+"/operations/-1/use?all=1"),
		until(fmt.Sprintf(`document.querySelector("#run-preview")?.innerText.includes("%d sites")`, n)),
		chromedp.Click("#run-preview button:not([formaction])"), until(`document.querySelector('a[href$="/answers"]')`), chromedp.Click(`a[href$="/answers"]`),
		until(fmt.Sprintf(`document.querySelector("main").innerText.includes("of %d sites")`, n)))
	shown := `[...document.querySelectorAll("main tbody tr")].filter(tr => tr.innerText.includes("1.4.2")).length`
	do(t, ctx, "every site shows the version of the lab's plugin",
		until(fmt.Sprintf(`%s === %d || (document.readyState === "complete" && location.reload(), false)`, shown, n)))
	if heads := evaluate(t, ctx,
		`[...document.querySelectorAll("main th")].map(th => th.innerText.trim()).join(" ")`); heads != "Site plugin name version status" {
		t.Errorf("the table has %s", heads)
	}
}

// The lab's older WordPress answers as 6.9 does, but for one site: an ability is found, filled in and run, and that site says that it has none.
func testAbilities(t *testing.T, l lab) {
	env := append(l.env(), "DROVER_DATA="+t.TempDir())
	n := l.everywhere(t, env)
	simulated{env: env}.addOwner(t)
	_, c := simulated{env: env}.browse(t)
	if _, page := c.get(t, "/endpoints?all=1"); !strings.Contains(page, "Set the tagline") || !strings.Contains(page, "1 site has no abilities") {
		t.Errorf("the explorer does not list the abilities: %.2000s", page)
	}
	ability := url.Values{"all": {"1"}, "ability": {"lab/set-tagline"}, "method": {"POST"}, "f.input.tagline": {strings.Repeat("x", 61)}}
	if status, page := c.post(t, "/endpoints/form", ability); status != http.StatusUnprocessableEntity ||
		!strings.Contains(page, "Enter at most 60 characters. This has 61.") {
		t.Errorf("too long a tagline: %d", status)
	}
	ability.Set("f.input.tagline", "Run by Drover on {{site.host}}")
	if status, page := c.post(t, "/endpoints/form", ability); status != http.StatusOK ||
		!strings.Contains(page, "/wp-abilities/v1/abilities/lab/set-tagline/run") {
		t.Errorf("the ability's form: %d", status)
	}
	code, out := run(t, env, "run", "request", "--method", "POST", "--path", "/wp-abilities/v1/abilities/lab/set-tagline/run", "--body",
		`{"input":{"tagline":"Run by Drover on {{site.host}}"}}`, "--all", "--json")
	if code != 0 || !strings.Contains(out, fmt.Sprintf(`"counts":{"ok":%d,"skipped":1}`, n-1)) {
		t.Errorf("set the tagline: exit %d\n%s", code, out)
	}
	run(t, env, "run", "request", "--method", "GET", "--path", "/wp-abilities/v1/abilities/lab/site-title/run", "--all", "--json")
	if _, table := c.get(t, "/runs/2/answers.csv?columns=tagline%3A+.tagline"); strings.Count(table, "Run by Drover on site") != n-1 {
		t.Errorf("the taglines: %s", table)
	}
}

// An answer's JSON opens as a tree, can be searched, and is never taken for a page, whatever it holds.
func TestAnswersAsATree(t *testing.T) {
	t.Parallel()
	s := simulate(t, []wptest.Site{{Host: "one.example", Name: `<img src=x onerror="document.title='broken in'">`}})
	run(t, s.env, "sites", "import", s.csv)
	s.addOwner(t)
	run(t, s.env, "run", "request", "--method", "GET", "--path", "/", "--all", "--json")
	_, c := s.browse(t)
	ctx := browser(t)
	do(t, ctx, "sign in", chromedp.Navigate(c.home+"/sign-in"), chromedp.SendKeys("#email", olga), chromedp.SendKeys("#password", olgasPassword),
		chromedp.Click("main form button"), until(`document.querySelector("form[action=\"/sign-out\"]")`))
	do(t, ctx, "open the tree", chromedp.Navigate(c.home+"/runs/1/targets/1"), until(`document.querySelector(".json-tree")`),
		chromedp.SendKeys(".json-bar input", "maxlength"),
		until(`document.querySelector(".json-bar .hint").innerText === "1 of 2"`), until(`document.querySelector(".json-found").dataset.path.endsWith(".maxLength")`))
	if found := evaluate(t, ctx, `String(document.querySelectorAll(".json-tree img").length) + document.title.includes("broken in")`); found != "0false" {
		t.Errorf("the answer became a part of the page: %s", found)
	}
	if text := evaluate(t, ctx, `document.querySelector("[data-path='.name']").innerText`); !strings.Contains(text, "onerror") {
		t.Errorf("the name is not shown as text: %s", text)
	}
}

// endDrafts finds each site's own draft by a table of values, and deletes it there.
func (l lab) endDrafts(t *testing.T, env []string, n int) {
	t.Helper()
	code, out := run(t, env, "run", "request", "--method", "GET", "--path", "/wp/v2/posts?status=draft&search=Drover&per_page=1", "--all", "--json")
	if code != 0 {
		t.Fatalf("look for the drafts: exit %d\n%s", code, out)
	}
	code, out = run(t, env, "run", "request", "--method", "DELETE", "--path", "/wp/v2/posts/{{row.id}}?force=true", "--param", "rows=@"+l.draftIDs(t, env),
		"--all", "--yes", "--json")
	if code != 0 || !strings.Contains(out, fmt.Sprintf(`"counts":{"ok":%d}`, n)) {
		t.Errorf("delete the drafts: exit %d\n%s", code, out)
	}
}

// draftIDs reads from the last run's answers which id the draft has on each site, as a person would from its export.
func (l lab) draftIDs(t *testing.T, env []string) string {
	t.Helper()
	_, c := simulated{env: env}.browse(t)
	status, csv := c.get(t, "/runs/3/answers.csv?columns=id%3A+.id")
	if status != 200 || !strings.HasPrefix(csv, "site,id\n") {
		t.Fatalf("export: %d %.300s", status, csv)
	}
	name := filepath.Join(t.TempDir(), "ids.csv")
	if err := os.WriteFile(name, []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
