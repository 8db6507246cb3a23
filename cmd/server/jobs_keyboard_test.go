package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// mostTabs is how far away anything is that a job needs.
const mostTabs = 120

// focused tells whether the focus is on what the selector names and that shows the text, and what is wrong with where it is.
const focused = `(async (selector, text) => {
	const shown = () => {
		const at = document.activeElement, box = at.getBoundingClientRect();
		if (at === document.body || box.width <= 1) return true;
		const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)], [left, right] = [Math.max(0, box.left), Math.min(innerWidth, box.right)];
		const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
		return over && (at.contains(over) || over.contains(at) || [...(at.labels ?? [])].some((label) => label.contains(over)));
	};
	for (let i = 0; i < 100 && !shown(); i++) await new Promise(requestAnimationFrame); // it is scrolled to; what was typed may still be previewed
	const at = document.activeElement, box = at.getBoundingClientRect();
	const is = at.matches(selector) && (at.innerText + (at.labels?.[0]?.innerText ?? "")).includes(text);
	if (at === document.body || box.width <= 1) return JSON.stringify({ is });
	const marked = at.matches(":focus-visible, :focus-within") && (getComputedStyle(at).outlineStyle !== "none" || getComputedStyle(at).boxShadow !== "none");
	return JSON.stringify({ is, wrong: (shown() ? "" : "cannot be seen") + (marked ? "" : " has no mark"), html: at.outerHTML.slice(0, 150) });
})`

// tabTo presses Tab, or Shift+Tab, until the focus is on what the selector names. Wherever it comes by, it can be seen.
func (j *job) tabTo(selector, text string, back ...chromedp.Modifier) {
	j.t.Helper()
	for range mostTabs {
		var at struct {
			Is          bool
			Wrong, HTML string
		}
		found, err := chromedp.Run(j.ctx, chromedp.Evaluate[string](fmt.Sprintf("%s(%q, %q)", focused, selector, text), chromedp.EvalAwaitPromise))
		if err != nil {
			j.t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(found), &at); err != nil {
			j.t.Fatal(err)
		}
		if at.Wrong != "" && j.tabbed {
			j.t.Errorf("the focus %s: %s", at.Wrong, at.HTML)
		}
		if at.Is {
			return
		}
		j.tabbed = true
		j.chord(kb.Tab, back...)
	}
	j.t.Fatalf("Tab never leads to %s %q", selector, text)
}

// chord presses a key together with others.
func (j *job) chord(key string, with ...chromedp.Modifier) {
	j.t.Helper()
	j.keys++
	do(j.t, j.ctx, "press "+key, until(loaded), chromedp.KeyEvent(key, chromedp.KeyModifiers(with...)))
}

// palette finds something by keys, and opens it.
func (j *job) palette(words, title string) {
	j.t.Helper()
	j.press("/")
	j.wait(`document.querySelector("#palette").open`)
	j.typed(words)
	found := fmt.Sprintf(`[...document.querySelectorAll("#palette a")].some((each) => each.checkVisibility() && each.innerText.includes(%q))`, title)
	j.wait(found)
	for !strings.Contains(evaluate(j.t, j.ctx, `document.querySelector("#palette [data-active]")?.innerText ?? ""`), title) {
		if j.press(kb.ArrowDown); j.keys > mostTabs {
			j.t.Fatalf("the arrows never lead to %q", title)
		}
	}
	j.press(kb.Enter)
}

// choose moves through a group of radio buttons that has the focus, until the wanted one is chosen.
func (j *job) choose(name, value, arrow string) {
	j.t.Helper()
	for range mostTabs {
		if evaluate(j.t, j.ctx, fmt.Sprintf(`document.querySelector('input[name=%q]:checked')?.value ?? "none yet"`, name)) == value {
			return
		}
		j.press(arrow)
	}
	j.t.Fatalf("the arrows never choose %s=%s", name, value)
}

const ctrl, shift = chromedp.ModifierCtrl, chromedp.ModifierShift

func purgeByKeyboard(j *job) {
	pages := []string{j.fake.URL(60) + "/prices/", j.fake.URL(61) + "/opening-hours/", j.fake.URL(62) + "/"}
	j.palette("some urls", "Clear cache: some URLs")
	j.wait(`document.activeElement.name === "p.urls"`)
	j.typed(strings.Join(pages, "\n"))
	j.tabTo(`input[name="all"]`, "", shift)
	j.choose("all", "1", kb.ArrowUp)
	j.wait(`document.querySelector("#run-preview").innerText.includes("3 sites")`)
	j.chord(kb.Enter, ctrl)
	j.purged(j.ended(), pages)
}

func deactivateByKeyboard(j *job) {
	j.palette("list plugins", "List plugins")
	j.wait(`/\b2\d\d sites/.test(document.querySelector("#run-preview")?.innerText)`) // another job may have imported some
	j.chord(kb.Enter, ctrl)
	j.ended()
	j.tabTo("#run-live a", "Answers as a table")
	j.press(kb.Enter)
	j.wait(`document.activeElement.id === "find"`)
	j.typed("akismet version<5.3 status=active" + kb.Enter)
	j.wait(`document.body.innerText.includes("version is older than 5.3")`)
	sites := j.runOnSites()
	j.tabTo("main a.btn", "Run on")
	j.press(kb.Enter)
	j.wait(`document.querySelector("input[name=operation][value=request]")`)
	j.tabTo(`input[name="operation"]`, "")
	j.choose("operation", "request", kb.ArrowUp)
	j.tabTo(`button[name="example"]`, "Deactivate a plugin")
	j.press(kb.Enter)
	j.wait(`document.activeElement.name === "p.path" && document.activeElement.value.includes("…")`)
	j.typed("akismet/akismet")
	j.wait(fmt.Sprintf(`document.querySelector("#run-preview").innerText.includes("akismet/akismet on %s sites")`, sites))
	j.chord(kb.Enter, ctrl)
	j.wait(`document.activeElement.id === "confirm"`)
	j.typed(sites + kb.Enter)
	j.deactivated(j.ended(), sites)
}

func importByKeyboard(j *job) {
	j.palette("import sites", "Import sites")
	j.wait(`document.querySelector("#file")`)
	j.tabTo("textarea", "")
	if _, err := chromedp.Call(j.ctx, input.InsertText, input.InsertTextParams{Text: oddColumns("typed", 30)}); err != nil { // as a paste does
		j.t.Fatal(err)
	}
	j.tabTo("main button", "Preview")
	j.press(kb.Enter)
	j.wait(`document.querySelector("#import-confirm")?.innerText.includes("30 sites")`)
	j.tabTo("#import-confirm", "")
	j.press(kb.Enter)
	j.wait(`document.body.innerText.includes("View sites")`)
	j.open("/sites?client=Neue+Kunden&q=typed")
	j.says("typed-7.example", "30")
}

func fixByKeyboard(j *job) {
	const broken = 66
	j.fake.SetFault(broken, wptest.UnknownUserCode)
	j.open("/run?operation=status&client=" + strings.ReplaceAll(wptest.Demo(demoSites)[broken].Client, " ", "+"))
	j.chord(kb.Enter, ctrl)
	j.ended()
	j.fake.SetFault(broken, "")
	j.tabTo("details[data-lazy] > summary", "Failed")
	j.press(kb.Enter)
	j.wait(`[...document.querySelectorAll("details[open] a")].some((each) => each.innerText.includes("Replace credential"))`)
	j.tabTo("details[open] a", "Replace credential")
	j.press(kb.Enter)
	j.wait(`document.activeElement.id === "application_password"`)
	j.typed(wptest.DefaultPassword + kb.Enter)
	j.wait(`document.body.innerText.includes("Everything works")`)
	first := evaluate(j.t, j.ctx, "location.pathname")
	j.tabTo("#run-live button", "Rerun failed")
	j.press(kb.Enter)
	j.wait(`location.pathname !== "` + first + `"`)
	j.ended()
	j.says("The site succeeded")
}

func inviteByKeyboard(j *job) {
	j.press("g", "t")
	j.wait(`document.activeElement.id === "email"`)
	j.typed("keys@agency.example")
	j.tabTo(`input[name="sites"]`, "")
	j.choose("sites", "some", kb.ArrowDown)
	j.tabTo(`input[name="client"]`, "Northwind Outdoor")
	j.chord(" ")
	j.tabTo(`input[name="operations"]`, "")
	j.choose("operations", "some", kb.ArrowDown)
	j.tabTo(`input[name="operation"][value="clear-cache"]`, "")
	j.chord(" ")
	j.tabTo(`form[action="/team/invite"] button`, "Create invitation")
	j.press(kb.Enter)
	j.wait(invited)
	j.says("keys@agency.example", "Northwind Outdoor", "Clear cache")
}

func whoByKeyboard(j *job) {
	j.press("g", "a")
	j.wait(`location.pathname === "/audit"`)
	j.tabTo("#q", "")
	j.typed("disable cache" + kb.Enter)
	j.wait(`location.search.includes("disable")`)
	j.tabTo("a.chip", "Last 7 days")
	j.press(kb.Enter)
	j.wait(`location.search.includes("since") && /Demo Owner started run \d+/.test(document.body.innerText)`)
	j.says("“Disable cache” on 28 sites")
}

func rerunByKeyboard(j *job) {
	const broken = 69
	j.fake.SetFault(broken, wptest.Maintenance)
	j.open("/run?operation=enable-cache&client=" + strings.ReplaceAll(wptest.Demo(demoSites)[broken].Client, " ", "+"))
	j.chord(kb.Enter, ctrl)
	first := j.ended()
	j.fake.SetFault(broken, "")
	j.tabTo("#run-live button", "Rerun failed")
	j.press(kb.Enter)
	j.wait(`location.pathname !== "/runs/` + first + `"`)
	j.ended()
	j.says("rerun of run " + first)
}

// nextByKeyboard goes from one site of a run to the next and back, as a list is gone through.
func nextByKeyboard(j *job) {
	j.open("/run?operation=status&client=Granite+Law")
	j.chord(kb.Enter, ctrl)
	run := j.ended()
	j.open("/runs/" + run + "/targets?outcome=ok")
	name := func(n int) string {
		return evaluate(j.t, j.ctx, fmt.Sprintf(`document.querySelectorAll("tbody tr a[href*='/targets/']")[%d].innerText`, n))
	}
	first, second := name(0), name(1)
	j.press("j", kb.Enter)
	for _, each := range []struct{ key, site string }{{"", first}, {"j", second}, {"k", first}} {
		if each.key != "" {
			j.press(each.key)
		}
		j.wait(fmt.Sprintf(`/\/targets\/\d+$/.test(location.pathname) && document.querySelector("h1").innerText === %q`, each.site))
	}
}

func undoByKeyboard(j *job) {
	j.palette("disable cache", "Disable cache")
	j.wait(`document.querySelector("input[name=operation][value=disable-cache]:checked")`)
	j.tabTo(`input[name="all"]`, "")
	j.choose("all", "1", kb.ArrowUp)
	j.wait(`document.querySelector("#confirm")`)
	j.chord(kb.Enter, ctrl)
	j.wait(`document.activeElement.id === "confirm"`)
	j.typed(evaluate(j.t, j.ctx, `document.querySelector('label[for="confirm"] strong').innerText`) + kb.Enter)
	j.wait(`document.querySelector("#run-live")?.innerText.includes("Starts in") && document.activeElement.innerText.includes("Undo")`)
	j.press(kb.Enter)
	j.wait(`document.body.innerText.includes("Nothing was sent")`)
	if calls := j.calls(j.began, "POST", "/disable"); len(calls) != 0 {
		j.t.Errorf("sent: %v", calls)
	}
}
