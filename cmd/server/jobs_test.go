package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A demo of 200 sites in a browser. The ten jobs of a site manager are done as a person does them: what they cost in clicks is held, and so is
// what they do. Then the pages are looked at that move by themselves, or are printed. Each part has a demo of its own, since most of a job is
// waiting for sites.
func TestDemoInABrowser(t *testing.T) {
	t.Parallel()
	for part, all := range map[string][]work{
		"by mouse": {
			{"clear one client's caches and print the proof", clearAClient},
			{"purge three addresses of a mixed list", purgeAddresses},
			{"find an old plugin and deactivate it there", deactivateAPlugin},
			{"import sites with odd columns", importSites},
			{"fix a revoked credential from the failed run", fixACredential},
			{"invite a colleague for one client and one operation", inviteAColleague},
		},
		"what was done": {
			{"who disabled the cache last week", whoDisabled},
			{"who disabled, by keyboard", whoByKeyboard},
			{"rerun what failed", rerunFailed},
			{"rerun by keyboard", rerunByKeyboard},
			{"start on many sites, and undo", startAndUndo},
			{"undo by keyboard", undoByKeyboard},
		},
		"by keyboard": {
			{"clear one client's caches", clearByKeyboard},
			{"purge", purgeByKeyboard},
			{"deactivate", deactivateByKeyboard},
			{"import", importByKeyboard},
			{"fix", fixByKeyboard},
			{"invite", inviteByKeyboard},
			{"dialogs", dialogsByKeyboard},
			{"the palette", paletteIsACombobox},
			{"the next site of a run", nextByKeyboard},
		},
		"pages": {
			{"back to the composer", backToTheComposer},
			{"faster than the scripts", chooseBeforeScripts},
			{"lists move while runs go", listsFollowRuns},
			{"a notice when a run ends", runNotifies},
			{"a run's page stands still", runStandsStill},
			{"pages on paper", pagesPrint},
		},
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			j := startJobs(t)
			for _, each := range all {
				t.Run(each.name, func(t *testing.T) { each.work(j.begin(t)) })
			}
		})
	}
}

// work is a job with its name.
type work struct {
	name string
	work func(*job)
}

const granite = "Granite Law"

func clearAClient(j *job) {
	j.find("clear granite", "Clear cache: everything on "+granite)
	j.wait(`document.querySelector("#run-preview")?.innerText.includes("28 sites")`)
	j.click("[data-run]")
	run := j.ended()
	j.click(`a[href="/runs/` + run + `/report"]`)
	j.wait(`location.pathname.endsWith("/report")`)
	j.printed()
	j.click("[data-print]")
	j.wait(`document.body.dataset.printed`)
	j.atMost(5)
	j.says("Clear", granite, "Demo Owner", "28 sites")
	j.cleared(run)
}

// cleared fails unless the client's sites were purged, and no others.
func (j *job) cleared(run string) {
	j.t.Helper()
	calls := j.calls(j.began, "PATCH", "/clear-cache")
	j.outside(calls, j.sitesOf(granite))
	for i, all := range calls {
		if body := bodyOf(j.t, all[0]); body["purge_type"] != "all" {
			j.t.Errorf("%s was sent %v", j.fake.URL(i), body)
		}
	}
	if len(calls) < 20 {
		j.t.Errorf("%d of %d sites were purged", len(calls), len(j.sitesOf(granite)))
	}
	j.audited("/audit?subject=run:"+run, "Demo Owner started run "+run, "on 28 sites")
}

func purgeAddresses(j *job) {
	pages := []string{j.fake.URL(60) + "/prices/", j.fake.URL(61) + "/opening-hours/", j.fake.URL(62) + "/"}
	j.find("some urls", "Clear cache: some URLs")
	j.wait(`document.activeElement.name === "p.urls"`)
	j.typed(strings.Join(pages, "\n"))
	j.click(`input[name="all"][value="1"]`)
	j.wait(`document.querySelector("#run-preview").innerText.includes("3 sites")`)
	j.click("[data-run]")
	run := j.ended()
	j.atMost(4)
	j.purged(run, pages)
}

// purged fails unless each of the pages was purged on its site, and nothing elsewhere.
func (j *job) purged(run string, pages []string) {
	j.t.Helper()
	j.says("All 3 sites succeeded")
	calls := j.calls(j.began, "PATCH", "/clear-cache")
	j.outside(calls, []int{60, 61, 62})
	for i, page := range pages {
		if all := calls[60+i]; len(all) != 1 || !strings.Contains(all[0].Body, page) {
			j.t.Errorf("%s was sent %v", page, all)
		}
	}
	j.audited("/audit?subject=run:"+run, "Demo Owner started run "+run, "on 3 sites")
}

func deactivateAPlugin(j *job) {
	j.find("plugins", "List plugins")
	j.wait(fmt.Sprintf(`document.querySelector("#run-preview")?.innerText.includes("%d sites")`, demoSites))
	j.click("[data-run]")
	j.ended()
	j.clickText("#run-live a", "Answers as a table")
	j.wait(`document.activeElement.id === "find"`)
	j.typed("akismet version<5.3 status=active" + kb.Enter)
	j.wait(`document.body.innerText.includes("version is older than 5.3")`)
	sites := j.runOnSites()
	j.clickText("main a.btn", "Run on")
	j.wait(`document.querySelector("input[name=operation][value=request]")`)
	j.says(sites + " sites from answers of run")
	j.click(`input[name="operation"][value="request"]`)
	j.click(`button[name="example"][value="deactivate"]`)
	j.wait(`document.activeElement.name === "p.path" && document.activeElement.value.includes("…")`)
	j.typed("akismet/akismet")
	j.wait(fmt.Sprintf(`document.querySelector("#run-preview").innerText.includes("akismet/akismet on %s sites")`, sites))
	j.click("[data-run]")
	if evaluate(j.t, j.ctx, `String(Boolean(document.querySelector("#confirm")))`) == "true" {
		j.typed(sites + kb.Enter)
	}
	run := j.ended()
	j.atMost(9)
	j.deactivated(run, sites)
}

// runOnSites waits for the button that runs something on the rows of the answers, and returns the number of sites that it names.
func (j *job) runOnSites() string {
	j.t.Helper()
	const button = `[...document.querySelectorAll("main a.btn")].find((each) => each.innerText.includes("Run on"))`
	j.wait(button)
	return strings.Fields(evaluate(j.t, j.ctx, button+".innerText"))[2]
}

// deactivated fails unless the plugin was deactivated where it was old and active.
func (j *job) deactivated(run, sites string) {
	j.t.Helper()
	calls := j.calls(j.began, "POST", "/wp/v2/plugins/akismet/akismet")
	for i, all := range calls {
		if i%5 >= 3 || i%2 != 0 || bodyOf(j.t, all[0])["status"] != "inactive" {
			j.t.Errorf("%s has a newer plugin, or none that is active, and was sent %v", j.fake.URL(i), all)
		}
	}
	if fmt.Sprint(len(calls)) != sites && len(calls) < 50 {
		j.t.Errorf("%d sites of %s were changed", len(calls), sites)
	}
	j.audited("/audit?subject=run:"+run, "Demo Owner started run "+run, "on "+sites+" sites")
}

// oddColumns is a list of sites as a spreadsheet of another tool has it.
func oddColumns(name string, n int) string {
	var text strings.Builder
	text.WriteString("Kunde;Domain;Login;App-Passwort;Notiz\n")
	for i := range n {
		fmt.Fprintf(&text, "Neue Kunden;https://%s-%d.example;%s;%s;wichtig\n", name, i, wptest.DefaultUser, wptest.DefaultPassword)
	}
	return text.String()
}

func importSites(j *job) {
	file := filepath.Join(j.t.TempDir(), "kunden.csv")
	if err := os.WriteFile(file, []byte(oddColumns("new", 30)), 0o600); err != nil {
		j.t.Fatal(err)
	}
	j.click(`aside a[href="/sites"]`)
	j.click(`main a[href="/sites/import"]`)
	j.wait(`document.querySelector("#file")`)
	j.clicks++ // opens the browser's dialog, in which the file is chosen
	// A page that is just drawn again has another field by the time that the file is chosen.
	poll.Until(j.t, "the file is chosen", func() bool { return chromedp.Do(j.ctx, chromedp.SetUploadFiles("#file", []string{file})) == nil })
	j.wait(`document.querySelector("#import-confirm")?.innerText.includes("30 sites")`)
	j.click("#import-confirm")
	j.wait(`document.body.innerText.includes("View sites")`)
	j.atMost(4)
	j.open("/sites?client=Neue+Kunden")
	j.says("new-7.example", "30")
	j.audited("/audit?action=site.import", "Demo Owner imported")
}

func fixACredential(j *job) {
	const broken = 62
	j.fake.SetFault(broken, wptest.UnknownUserCode)
	j.open("/run?operation=status&client=" + strings.ReplaceAll(wptest.Demo(demoSites)[broken].Client, " ", "+"))
	do(j.t, j.ctx, "run", chromedp.Click("[data-run]"))
	j.ended()
	j.clicks = 0
	j.fake.SetFault(broken, "")
	j.clickText("details[data-lazy] > summary", "Failed")
	j.clickText("details[open] a", "Replace credential")
	j.wait(`document.querySelector("#application_password")?.offsetParent`)
	if name := evaluate(j.t, j.ctx, `document.querySelector("#username").value`); name != wptest.DefaultUser {
		j.t.Errorf("the user name is %q", name)
	}
	j.wait(`document.activeElement.id === "application_password"`)
	j.typed(wptest.DefaultPassword)
	j.click(`form[action$="/credential"] button`)
	j.wait(`document.body.innerText.includes("Everything works")`)
	first := evaluate(j.t, j.ctx, "location.pathname")
	j.clickText("#run-live button", "Rerun failed")
	j.wait(`location.pathname !== "` + first + `"`)
	run := j.ended()
	j.atMost(4)
	j.says("The site succeeded")
	j.audited("/audit?q=credential", "Demo Owner replaced the credential")
	j.audited("/audit?subject=run:"+run, "Demo Owner started run "+run)
}

const invited = `document.querySelector("#invitation")?.innerText.includes("/join/")`

func inviteAColleague(j *job) {
	j.click(`aside a[href="/team"]`)
	j.wait(`document.activeElement.id === "email"`)
	j.typed("new@agency.example")
	j.click(`input[name="sites"][value="some"]`)
	j.click(`input[name="client"][value="Northwind Outdoor"]`)
	j.click(`input[name="operations"][value="some"]`)
	j.click(`input[name="operation"][value="clear-cache"]`)
	j.click(`form[action="/team/invite"] button.btn`)
	j.wait(invited)
	j.atMost(6)
	j.says("new@agency.example", "Northwind Outdoor", "Clear cache")
	j.audited("/audit?q=new", "Demo Owner invited new@agency.example")
}

func whoDisabled(j *job) {
	j.open("/run?operation=disable-cache&client=Granite+Law")
	j.wait(`document.querySelector("#confirm")`)
	do(j.t, j.ctx, "run", chromedp.SendKeys("#confirm", "28"), chromedp.Click("[data-run]"))
	run := j.ended()
	j.open("/")
	j.clicks = 0
	j.click(`aside a[href="/audit"]`)
	j.click("#q")
	j.typed("disable cache" + kb.Enter)
	j.wait(`location.search.includes("disable")`)
	j.clickText("a.chip", "Last 7 days")
	j.wait(`document.body.innerText.includes("Demo Owner started run ` + run + `")`)
	j.atMost(3)
	j.says("“Disable cache” on 28 sites")
}

func rerunFailed(j *job) {
	const broken = 63
	j.fake.SetFault(broken, wptest.Maintenance)
	j.open("/run?operation=enable-cache&client=" + strings.ReplaceAll(wptest.Demo(demoSites)[broken].Client, " ", "+"))
	do(j.t, j.ctx, "run", chromedp.Click("[data-run]"))
	first := j.ended()
	j.fake.SetFault(broken, "")
	j.clicks = 0
	j.clickText("#run-live button", "Rerun failed")
	j.wait(`location.pathname !== "/runs/` + first + `"`)
	run := j.ended()
	j.atMost(1)
	j.says("rerun of run " + first)
	if calls := j.calls(j.began, "POST", "/enable"); len(calls[broken]) > 1 {
		j.t.Errorf("the site was sent %v", calls[broken])
	}
	j.audited("/audit?subject=run:"+run, "Demo Owner started run "+run)
	j.open("/runs/" + first)
	j.says("Rerun: run " + run)
}

func startAndUndo(j *job) {
	j.find("disable cache", "Disable cache")
	j.click(`input[name="all"][value="1"]`)
	j.wait(`document.querySelector("#confirm")`)
	j.click("[data-run]")
	sites := evaluate(j.t, j.ctx, `document.querySelector('label[for="confirm"] strong').innerText`)
	j.typed(sites + kb.Enter)
	j.wait(`document.querySelector("#run-live")?.innerText.includes("Starts in")`)
	j.clickText("#run-live button", "Undo")
	j.wait(`document.body.innerText.includes("Nothing was sent")`)
	j.atMost(5)
	if calls := j.calls(j.began, "POST", "/disable"); len(calls) != 0 { // sites are checked on their schedule meanwhile
		j.t.Errorf("sent: %v", calls)
	}
	run := strings.TrimPrefix(evaluate(j.t, j.ctx, "location.pathname"), "/runs/")
	j.audited("/audit?subject=run:"+run, "Demo Owner started run "+run, "cancelled run "+run)
}

func clearByKeyboard(j *job) {
	j.press("/", "g", "r", "a")
	j.wait(`[...document.querySelectorAll("#palette-found a")].some((each) => each.innerText.includes("Clear cache: everything on ` + granite + `"))`)
	for !strings.Contains(evaluate(j.t, j.ctx, `document.querySelector("#palette [data-active]")?.innerText ?? ""`), "Clear cache") && j.keys < 12 {
		j.press(kb.ArrowDown)
	}
	j.press(kb.Enter)
	j.wait(`document.querySelector("#run-preview")?.innerText.includes("28 sites")`)
	j.keys++
	do(j.t, j.ctx, "press Ctrl+Enter", until(loaded), chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	run := j.ended()
	j.press("p")
	j.wait(`location.pathname.endsWith("/report")`)
	j.printed()
	j.press("p")
	j.wait(`document.body.dataset.printed`)
	j.t.Logf("%d keys", j.keys)
	if j.keys > 12 || j.clicks > 0 {
		j.t.Errorf("%d keys and %d clicks, want at most 12 and none", j.keys, j.clicks)
	}
	j.cleared(run)
}
