package main

import (
	"strconv"
	"strings"
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
