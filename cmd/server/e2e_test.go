package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/droverhq/drover/internal/poll"
)

// lab is the real WordPress that make test has started.
type lab struct{ dir string }

func openLab(t *testing.T) lab {
	t.Helper()
	dir := os.Getenv("DROVER_TEST_LAB")
	if dir == "" {
		t.Skip("THE WORDPRESS LAB IS NOT HERE: run `make test`, which starts it where its packages can be had")
	}
	return lab{dir}
}

func (l lab) env() []string {
	return []string{"DROVER_ALLOW_NETS=127.0.0.0/8", "DROVER_CA_FILE=" + filepath.Join(l.dir, "ca.pem"), "DROVER_HOSTS_FILE=" + filepath.Join(l.dir, "hosts")}
}

// rows reads one of the lab's CSV files, by column.
func (l lab) rows(t *testing.T, name string) []map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(l.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, column := range all[0] {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// calls counts the calls that WordPress itself carried out, by site, after the first skip ones.
func (l lab) calls(t *testing.T, route string, skip int) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for i, call := range l.record(t) {
		if i >= skip && strings.HasSuffix(call.Route, route) {
			counts[call.Site]++
		}
	}
	return counts
}

type call struct{ Site, Route, Method, User string }

func (l lab) record(t *testing.T) []call {
	t.Helper()
	file, err := os.Open(filepath.Join(l.dir, "calls.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []call
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var c call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// What Drover does on the lab's sites. Each list has what must not meet: the first one's purges are counted, and the second one's answers would come
// late where all of it asked the lab at once.
func TestOnRealWordPress(t *testing.T) {
	t.Parallel()
	l := openLab(t)
	type labTest struct {
		name string
		test func(*testing.T, lab)
	}
	for name, all := range map[string][]labTest{
		"clearing caches": {{"the main job", testTheMainJob}, {"the command line", testTheCommandLine}, {"the field", testTheField},
			{"limited users", testLimitedUsers}},
		"endpoints": {{"our operations", testOurOperations}, {"any endpoint", testAnyEndpoint}, {"abilities", testAbilities}},
		"rotation":  {{"on a network and single sites", testRotation}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, each := range all {
				t.Run(each.name, func(t *testing.T) { each.test(t, l) })
			}
		})
	}
}

func testTheMainJob(t *testing.T, l lab) {
	before := len(l.record(t))
	addr := freeAddress(t)
	p := start(t, append(l.env(), "DROVER_DATA="+t.TempDir(), "DROVER_ADDR="+addr), "serve")
	setup := p.wait(t, `http://\S+/setup/\w+`)
	p.wait(t, "listens")
	home, ctx := "http://"+addr, browser(t)

	do(t, ctx, "set up the owner", chromedp.Navigate(setup), chromedp.SendKeys("#name", "Olga Owner"), chromedp.SendKeys("#email", "olga@agency.example"),
		chromedp.SendKeys("#password", "four words that differ"), chromedp.Click("main form button"), until(`document.querySelector("form[action=\"/sign-out\"]")`))
	first := l.rows(t, "sites.csv")[0]
	do(t, ctx, "add a site", chromedp.Navigate(home+"/sites/new"), chromedp.SendKeys("#url", first["url"]), chromedp.SendKeys("#username", first["username"]),
		chromedp.SendKeys("#application_password", first["application_password"]), chromedp.Click("main form button"),
		until(`document.body.innerText.includes("Everything works")`), until(`document.body.innerText.includes("Signed in as drover")`))
	for _, file := range []string{"sites.csv", "faulty.csv"} {
		do(t, ctx, "import "+file, chromedp.Navigate(home+"/sites/import"), chromedp.SetUploadFiles("#file", []string{filepath.Join(l.dir, file)}),
			until(`document.querySelectorAll("main table tbody tr").length > 3`), chromedp.Click("#import-confirm"),
			until(`document.body.innerText.includes("View sites")`))
	}
	checked(t, ctx, home)

	do(t, ctx, "compose", chromedp.Navigate(home+"/run?operation=clear-cache&p.purge_type=all&all=1"),
		until(`document.querySelector("#run-preview").innerText.includes("14 sites")`))
	do(t, ctx, "run", chromedp.Click("#run-preview button:not([formaction])"),
		until(`document.querySelector("#run-live")?.innerText.includes("11 succeeded")`), until(`document.querySelector("#run-live").innerText.includes("14 of 14")`))
	path := evaluate(t, ctx, "location.pathname")

	want := map[string]int{}
	expected := map[string]string{}
	for _, row := range append(l.rows(t, "sites.csv"), l.rows(t, "faulty.csv")...) {
		if row["expect"] == "" || row["expect"] == "ok" {
			want[row["url"]] = 1
		}
		expected[row["url"]] = row["expect"]
	}
	got := l.calls(t, "/clear-cache", before)
	for site := range expected {
		if got[site] != want[site] {
			t.Errorf("%s was purged %d times, want %d", site, got[site], want[site])
		}
	}
	do(t, ctx, "read the record", chromedp.Navigate(home+"/audit"))
	audit := evaluate(t, ctx, `document.querySelector("main").innerText`)
	for _, sentence := range []string{"Olga Owner started run 1", "“Clear the whole cache” on 14 sites", "11 succeeded", "imported"} {
		if !strings.Contains(audit, sentence) {
			t.Errorf("the record does not say %q:\n%s", sentence, audit)
		}
	}
	do(t, ctx, "verify the record", chromedp.Click(`form[action="/audit/verify"] button`), until(`document.body.innerText.includes("Intact up to entry")`))
	if !strings.HasSuffix(path, "/runs/1") {
		t.Errorf("the run's page is %s", path)
	}
}

// checked waits until the checks that the imports began have ended.
func checked(t *testing.T, ctx context.Context, home string) {
	t.Helper()
	poll.Until(t, "all sites are checked", func() bool {
		do(t, ctx, "wait for the checks", chromedp.Navigate(home+"/sites"))
		return !strings.Contains(evaluate(t, ctx, `document.querySelector("main").innerText`), "Not checked")
	})
}

// The command line gives for each site of the lab what the lab expects of it.
func testTheCommandLine(t *testing.T, l lab) {
	env := append(l.env(), "DROVER_DATA="+t.TempDir())
	for _, file := range []string{"sites.csv", "faulty.csv"} {
		if code, out := run(t, env, "sites", "import", filepath.Join(l.dir, file)); code != 0 {
			t.Fatalf("import %s: exit %d\n%s", file, code, out)
		}
	}
	if code, out := run(t, env, "sites", "check", "--json"); code != 1 || strings.Count(out, `"state":"broken"`) != 2 {
		t.Errorf("check: exit %d\n%s", code, out)
	}
	code, out := run(t, env, "run", "clear-cache", "--all", "--json")
	if code != 1 {
		t.Errorf("run: exit %d", code)
	}
	expected := map[string]string{}
	for _, row := range append(l.rows(t, "sites.csv"), l.rows(t, "faulty.csv")...) {
		expected[row["url"]] = row["expect"]
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, line := range lines[:len(lines)-1] {
		var target struct{ Site, Outcome, Reason string }
		if err := json.Unmarshal([]byte(line), &target); err != nil {
			t.Fatal(err)
		}
		got, want := strings.Trim(target.Outcome+"/"+target.Reason, "/"), expected[target.Site]
		if want == "" {
			want = "ok"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", target.Site, got, want)
		}
	}
	if code, out := run(t, env, "audit", "verify"); code != 0 {
		t.Errorf("verify: exit %d\n%s", code, out)
	}
}
