package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/droverhq/drover/static"
	"github.com/droverhq/drover/views"
)

// axeScript is the accessibility engine; npm installs it with what the assets are built of.
const axeScript = "../../node_modules/axe-core/axe.min.js"

// galleryServer serves every page of the gallery as the dashboard would, without its policy, which would keep the engine out.
func galleryServer(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServerFS(static.Files())))
	all := views.Gallery()
	mux.HandleFunc("/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n < 0 || n >= len(all) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := all[n].Component.Render(r.Context(), w); err != nil {
			t.Errorf("%s, %s: %v", all[n].Name, all[n].State, err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// finding is what the engine has to say about some elements.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, Summary string }
}

// inspect opens everything of the page that can be opened, and returns the serious findings in one theme.
const inspect = `(async (dark, rules) => {
	if (dark !== null) document.documentElement.classList.toggle("dark", dark);
	document.querySelectorAll("details:not(.json-node)").forEach((each) => (each.open = true));
	const options = { resultTypes: ["violations"], preload: false, selectors: false, ...(rules && { runOnly: rules }) };
	let found = (await axe.run(document, options)).violations;
	for (const dialog of document.querySelectorAll("dialog:not([data-inspected])")) {
		dialog.showModal();
		found = found.concat((await axe.run(dialog, options)).violations);
		dialog.close();
	}
	const why = (node) => node.any.concat(node.all, node.none).map((check) => check.message).join("; ");
	return JSON.stringify(found.filter((each) => each.impact === "serious" || each.impact === "critical").map((each) => ({
		ID: each.id, Impact: each.impact, Help: each.help, Nodes: each.nodes.map((node) => ({ HTML: node.html, Summary: why(node) })) })));
})`

// settled ends what moves: a colour on its way to another is neither.
const settled = `(() => { const still = new CSSStyleSheet();
	still.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important }");
	document.adoptedStyleSheets.push(still); })()`

// frameOnce leaves the dialogs that are the same on every page to the first: the engine reads the whole page for each.
const frameOnce = `document.querySelectorAll("#palette, #shortcuts, #peek, #command").forEach((each) => each.toggleAttribute("data-inspected", true))`

// Every page of the gallery, in each of its states, is free of serious findings in both themes and on paper.
func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	ctx := browserFor(t, 30*time.Minute)
	engine, err := os.ReadFile(axeScript)
	if err != nil {
		t.Fatalf("axe-core is not installed (npm ci): %v", err)
	}
	home := galleryServer(t)
	for i, p := range views.Gallery() {
		t.Run(fmt.Sprintf("%d %s, %s", i, p.Name, p.State), func(t *testing.T) {
			emulate(t, ctx, "screen")
			do(t, ctx, "open", chromedp.Navigate(fmt.Sprintf("%s/%d", home, i)), load(string(engine)), load(settled))
			if i > 0 {
				do(t, ctx, "leave the frame's dialogs out", load(frameOnce))
			}
			findings(t, ctx, "light", inspect+"(false)")
			findings(t, ctx, "dark", inspect+`(true, ["color-contrast"])`) // what else there is has no colour
			emulate(t, ctx, "print")
			findings(t, ctx, "on paper", inspect+`(null, ["color-contrast"])`)
		})
	}
}

// load evaluates a script for what it leaves behind.
func load(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Evaluate[int](script+";0")(ctx, target)
		return err
	})
}

func emulate(t *testing.T, ctx context.Context, media string) {
	t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media, Features: features}); err != nil {
		t.Fatal(err)
	}
}

func findings(t *testing.T, ctx context.Context, theme, expression string) {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var found []finding
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		var where strings.Builder
		for _, n := range f.Nodes[:min(3, len(f.Nodes))] {
			fmt.Fprintf(&where, "\n\t%.300s\n\t\t%s", n.HTML, n.Summary)
		}
		t.Errorf("%s: %s (%s), %d elements: %s%s", theme, f.ID, f.Impact, len(f.Nodes), f.Help, where.String())
	}
}
