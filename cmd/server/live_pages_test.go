package main

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// backToTheComposer leaves the composer and comes back: the bar says what the form holds, not what it held when the page was loaded.
func backToTheComposer(j *job) {
	j.open("/run?operation=clear-opcache&client=Granite+Law")
	j.wait(`document.querySelector("#run-preview").innerText.includes("28 sites")`)
	j.click(`input[name="operation"][value="status"]`)
	j.click(`input[name="client"][value="Kestrel Cycles"]`)
	j.wait(`document.querySelector("#run-preview").innerText.includes("Status on 46 sites")`)
	j.click(`aside a[href="/help"]`)
	j.wait(`location.pathname === "/help"`)
	do(j.t, j.ctx, "go back", load("history.back()"))
	j.wait(`location.pathname.startsWith("/run") && document.querySelector("#run-preview")?.innerText.includes("Status on 46 sites")`)
	if chosen := evaluate(j.t, j.ctx, `document.querySelector("input[name=operation]:checked").value`); chosen != "status" {
		j.t.Errorf("the form has chosen %s", chosen)
	}
	do(j.t, j.ctx, "reload", load("location.reload()"))
	j.wait(`performance.getEntriesByType("navigation")[0].type === "reload" && document.querySelector("#run-preview")?.innerText.includes("Status on 46 sites")`)
}

// chooseFirst chooses all sites when the composer stands there, and before its scripts have run. Timers are late, as on a busy machine.
const chooseFirst = `const timer = setTimeout;
window.setTimeout = (then, after = 0, ...rest) => timer(then, after + 500, ...rest);
document.addEventListener("readystatechange", () => {
	if (document.readyState === "interactive") document.querySelector('input[name="all"][value="1"]')?.click();
})`

// addScript runs the script in each page that is opened, before the page's own, until remove is called.
func (j *job) addScript(source string) (remove func()) {
	j.t.Helper()
	script, err := chromedp.Call(j.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
	if err != nil {
		j.t.Fatal(err)
	}
	return func() {
		j.t.Helper()
		params := page.RemoveScriptToEvaluateOnNewDocumentParams(script)
		if _, err := chromedp.Call(j.ctx, page.RemoveScriptToEvaluateOnNewDocument, params); err != nil {
			j.t.Error(err)
		}
	}
}

// chooseBeforeScripts is faster than the scripts of a slow line: the bar describes what is chosen all the same.
func chooseBeforeScripts(j *job) {
	remove := j.addScript(chooseFirst)
	j.open("/run?operation=status")
	remove()
	j.wait(`document.querySelector("#run-preview").innerText.includes("Status on 200 sites")`)
}

// listsFollowRuns looks at lists while a run that waits is started and ends.
func listsFollowRuns(j *job) {
	j.open("/run?operation=disable-cache&client=Kestrel+Cycles")
	j.click("[data-run]")
	j.typed("18\r")
	j.wait(`/^\/runs\/\d+$/.test(location.pathname)`)
	run := strings.TrimPrefix(evaluate(j.t, j.ctx, "location.pathname"), "/runs/")
	row := `[...document.querySelectorAll("tr")].find((each) => each.querySelector('a[href="/runs/` + run + `"]'))?.innerText`
	for i, page := range []string{"/runs", "/"} {
		if i > 0 {
			j.open("/run?operation=enable-cache&client=Kestrel+Cycles")
			j.click("[data-run]")
			j.wait(`/^\/runs\/\d+$/.test(location.pathname) && location.pathname !== "/runs/` + run + `"`)
			run2 := strings.TrimPrefix(evaluate(j.t, j.ctx, "location.pathname"), "/runs/")
			row = strings.ReplaceAll(row, "/runs/"+run+`"`, "/runs/"+run2+`"`)
		}
		j.open(page)
		do(j.t, j.ctx, "note the page", load(`document.body.dataset.same = "1"`))
		j.wait(row + `.includes("18")`)
		j.wait(`/succeeded/.test(` + row + `)`)
		if same := evaluate(j.t, j.ctx, `document.body.dataset.same ?? ""`); same != "1" {
			j.t.Errorf("%s was loaded as a whole", page)
		}
	}
}

// notes stands for the browser's notifications, since a browser without a screen shows none.
const notes = `window.Notification = class {
	static permission = sessionStorage.allowed ?? "default";
	static requestPermission() { return Promise.resolve(this.permission = sessionStorage.allowed = "granted"); }
	constructor(title, { body }) { document.body.dataset.note = title + ": " + body; }
}`

// runNotifies asks for a notice while a run waits, and starts the run, which shows its page again.
func runNotifies(j *job) {
	remove := j.addScript(notes)
	j.open("/run?operation=disable-cache&client=Kestrel+Cycles")
	j.click("[data-run]")
	j.typed("18\r")
	j.wait(`/^\/runs\/\d+$/.test(location.pathname)`)
	j.click("[data-notify]")
	j.wait(`document.querySelector("[data-notify]").innerText.includes("You will be notified")`)
	j.clickText("main button", "Start now")
	j.wait(`document.querySelector("[data-notify]")?.innerText.includes("You will be notified") || document.body.dataset.note`)
	j.wait(`/^Done.*: .*succeeded/.test(document.body.dataset.note)`)
	remove()
	j.open("/run?operation=enable-cache&client=Kestrel+Cycles")
	j.click("[data-run]")
	j.ended()
}

// pagesPrint looks at pages as paper has them: their content, without what is for a screen.
func pagesPrint(j *job) {
	defer emulate(j.t, j.ctx, "screen")
	for _, path := range []string{"/", "/sites", "/runs", "/runs/1", "/runs/1/report", "/runs/1/answers", "/audit", "/audit/print", "/help"} {
		emulate(j.t, j.ctx, "screen")
		j.open(path)
		emulate(j.t, j.ctx, "print")
		for _, hidden := range []string{"aside", "header.sticky", ".tabs-bar", ".selection-bar", "[data-print]"} {
			if seen := evaluate(j.t, j.ctx, `String([...document.querySelectorAll(`+strconv.Quote(hidden)+`)].some((each) => each.offsetParent))`); seen == "true" {
				j.t.Errorf("%s on paper shows %s", path, hidden)
			}
		}
		wide := evaluate(j.t, j.ctx, `String(document.querySelector("main").innerText.length > 50 && document.querySelector("main").offsetLeft < 80)`)
		if wide != "true" {
			j.t.Errorf("%s on paper leaves room for the rail, or is empty", path)
		}
	}
}

// watched notes, from before a page is drawn, how far it shifts by itself, what shifts most, and where its button to cancel stands.
const watched = `(() => {
	window.shifted = { sum: 0, worst: 0, what: "", cancel: null };
	new PerformanceObserver((list) => list.getEntries().filter((each) => !each.hadRecentInput).forEach((each) => {
		shifted.sum += each.value;
		if (each.value <= shifted.worst) return;
		shifted.worst = each.value;
		shifted.what = each.sources.map((one) => one.node?.outerHTML?.slice(0, 120) ?? one.node?.textContent).join(" | ");
	})).observe({ type: "layout-shift", buffered: true });
	const look = () => {
		const box = document.querySelector("#run-cancel button")?.getBoundingClientRect();
		if (box) shifted.cancel = [box.left + box.width / 2, box.top + box.height / 2];
		requestAnimationFrame(look);
	};
	look();
})()`

// runStandsStill watches runs on all sites, on a small desk and on a phone: what is read stays where it is, and nothing else comes to stand where one
// was about to cancel.
func runStandsStill(j *job) {
	remove := j.addScript(watched)
	defer func() {
		remove()
		do(j.t, j.ctx, "back to the desk", chromedp.EmulateViewport(1440, 900))
	}()
	for _, width := range []int64{1024, 360} {
		do(j.t, j.ctx, "another screen", chromedp.EmulateViewport(width, 900))
		j.open("/run?operation=status&all=1")
		j.wait(`document.querySelector("#run-preview").innerText.includes("sites")`)
		j.click("[data-run]")
		j.ended()
		var seen struct {
			Sum    float64
			What   string
			Cancel []float64
			Over   string
		}
		if err := json.Unmarshal([]byte(evaluate(j.t, j.ctx, `JSON.stringify({ ...shifted,
			over: shifted.cancel && (document.elementFromPoint(...shifted.cancel)?.closest("button, summary, a")?.innerText ?? "") })`)), &seen); err != nil {
			j.t.Fatal(err)
		}
		j.t.Logf("at %d px, the page shifted by %.4f", width, seen.Sum)
		if seen.Sum >= 0.02 {
			j.t.Errorf("at %d px, the page shifted by %.4f, want less than 0.02; most: %s", width, seen.Sum, seen.What)
		}
		if seen.Cancel == nil || seen.Over != "" {
			j.t.Errorf("at %d px, %q stands where one cancelled, at %v", width, seen.Over, seen.Cancel)
		}
	}
}
