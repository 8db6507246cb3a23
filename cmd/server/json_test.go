package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// jsonPages serves the gallery and returns a browser and the address of each state of the page of an exchange.
func jsonPages(t *testing.T) (context.Context, map[string]string) {
	t.Helper()
	addr := freeAddress(t)
	p := start(t, []string{"DROVER_DATA=" + t.TempDir(), "DROVER_ADDR=" + addr}, "serve", "--gallery")
	p.wait(t, "listens")
	ctx := browser(t)
	do(t, ctx, "open the gallery", chromedp.Navigate("http://"+addr+"/gallery"))
	pages := map[string]string{}
	for line := range strings.Lines(evaluate(t, ctx,
		`[...document.querySelectorAll('a[href^="/gallery/"]')].map(a => a.href + "\t" + a.closest("tr, li, div").innerText.replace(/\s+/g, " ")).join("\n")`)) {
		if href, state, is := strings.Cut(strings.TrimSpace(line), "\t"); is {
			pages[state] = href
		}
	}
	return ctx, pages
}

func pageOf(t *testing.T, pages map[string]string, state string) string {
	t.Helper()
	for name, href := range pages {
		if strings.HasSuffix(name, state) {
			return href
		}
	}
	t.Fatalf("the gallery has no %q: %v", state, pages)
	return ""
}

// search types words into the tree's search and waits for what it says.
func search(t *testing.T, ctx context.Context, words, want string) {
	t.Helper()
	evaluate(t, ctx, fmt.Sprintf(`(() => { const i = document.querySelector(".json-bar input"); document.querySelector(".json-bar [role=status]").textContent `+
		`= ""; i.value = %q; i.dispatchEvent(new Event("input", { bubbles: true })); return ""; })()`, words))
	do(t, ctx, "search "+words, until(fmt.Sprintf(`document.querySelector(".json-bar [role=status]").textContent.startsWith(%q)`, want)))
}

func TestTheTreeOfAnAnswer(t *testing.T) {
	t.Parallel()
	ctx, pages := jsonPages(t)
	do(t, ctx, "open the small one", chromedp.Navigate(pageOf(t, pages, "JSON")), until(`document.querySelector(".json-tree")`))
	if text := evaluate(t, ctx, `document.querySelector(".json-tree").innerText`); !strings.Contains(text, "success") || strings.Contains(text, "Hello, world") {
		t.Errorf("at first the tree shows %q", text)
	}
	search(t, ctx, "hello", "1 of 1")
	if text := evaluate(t, ctx, `document.querySelector(".json-found").innerText`); !strings.Contains(text, "Hello, world") {
		t.Errorf("found %q", text)
	}
	for words, path := range map[string]string{"hello": ".data[0].title.rendered", "1e400": `.data[0]["a key"]["with \"quotes\""]`,
		"deep": ".nested.a.b.c[0][0][0][0]", "пример": `.["пример"]`} {
		search(t, ctx, words, "1 of 1")
		if got := evaluate(t, ctx, `document.querySelector(".json-found > .json-copy").title`); got != path {
			t.Errorf("the path of %q is %s, want %s", words, got, path)
		}
	}
	for _, number := range []string{"9007199254740993", "1.10", "1e400"} {
		search(t, ctx, number, "1 of 1")
		if got := evaluate(t, ctx, `document.querySelector(".json-found").innerText`); !strings.Contains(got, number) {
			t.Errorf("the number %s is shown as %q", number, got)
		}
	}
	search(t, ctx, "nowhere to be found", "No matches")
	do(t, ctx, "as text", chromedp.Click(".json-bar button"),
		until(`!document.querySelector("pre[data-json]").hidden && document.querySelector(".json-tree").hidden`), chromedp.Click(".json-bar button"),
		until(`!document.querySelector(".json-tree").hidden`))
	search(t, ctx, "e", "1 of ")
	do(t, ctx, "the next one by the keyboard", chromedp.SendKeys(".json-bar input", "\r"),
		until(`document.querySelector(".json-bar [role=status]").textContent.startsWith("2 of")`))
	for _, state := range []string{"JSON, cut off", "JSON, a value alone"} {
		do(t, ctx, state, chromedp.Navigate(pageOf(t, pages, state)), until(`document.querySelector("pre[data-json]")`))
		if got := evaluate(t, ctx, `String(Boolean(document.querySelector(".json-tree"))) + document.querySelector("pre[data-json]").hidden`); got != "falsefalse" {
			t.Errorf("%s: %s", state, got)
		}
	}
}

func TestAHostileAnswerInTheTree(t *testing.T) {
	t.Parallel()
	ctx, pages := jsonPages(t)
	do(t, ctx, "open the hostile one", chromedp.Navigate(pageOf(t, pages, "JSON, hostile")), until(`document.querySelector(".json-tree")`))
	for words, want := range map[string]string{"alert(": "1 of 2", "polluted": "1 of 1", "no name": "1 of 1", "__proto__": "1 of 1", "constructor": "1 of 1",
		"same": "1 of "} {
		search(t, ctx, words, want)
	}
	search(t, ctx, "bottom", "No matches") // it lies deeper than a page can show
	search(t, ctx, "hasown", "1 of 1")
	const polluted = `String(({}).polluted) +
		[...document.querySelectorAll(".json-view *")].filter(e => ["SCRIPT", "IMG", "A", "IFRAME"].includes(e.tagName)).length`
	if got := evaluate(t, ctx, polluted); got != "undefined0" {
		t.Errorf("hostile text became more than text: %s", got)
	}
	if got := evaluate(t, ctx, `document.querySelector("pre[data-json]").textContent.includes("<script>alert(") ? "kept" : "lost"`); got != "kept" {
		t.Error("the text itself is not as the site sent it")
	}
}

// A megabyte opens and is searched at once, and the page stays small.
func TestAMegabyteInTheTree(t *testing.T) {
	t.Parallel()
	ctx, pages := jsonPages(t)
	do(t, ctx, "open a megabyte", chromedp.Navigate(pageOf(t, pages, "JSON, 1 MB")),
		until(`document.querySelector(".json-tree") && performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd > 0`))
	measure := func(what, expression string, most float64) {
		t.Helper()
		value, err := strconv.ParseFloat(evaluate(t, ctx, expression), 64)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.0f", what, value)
		if value > most {
			t.Errorf("%s is %.0f, at most %.0f was expected", what, value, most)
		}
	}
	measure("bytes of the answer", `String(document.querySelector("pre[data-json]").textContent.length)`, 1.3e6)
	measure("elements in the tree at first", `String(document.querySelectorAll(".json-tree *").length)`, 5000)
	evaluate(t, ctx, `(() => { const said = document.querySelector(".json-bar [role=status]"); const input = document.querySelector(".json-bar input");
		new MutationObserver(() => { if (said.textContent) window.took = performance.now() - window.began; })
			.observe(said, { childList: true, characterData: true, subtree: true });
		window.began = performance.now(); input.value = "post-1999"; input.dispatchEvent(new Event("input", { bubbles: true })); return ""; })()`)
	do(t, ctx, "wait for what was found", until("window.took"))
	t.Logf("ms from a word typed to the last post found, opened and shown: %s", evaluate(t, ctx, `String(window.took)`))
	if got := evaluate(t, ctx,
		`document.querySelector(".json-found").innerText + document.querySelector(".json-found > .json-copy").title`); !strings.Contains(got,
		"post-1999") || !strings.HasSuffix(got, ".[1998].slug") {
		t.Errorf("found %q", got)
	}
	measure("elements in the tree after it", `String(document.querySelectorAll(".json-tree *").length)`, 25000)
}
