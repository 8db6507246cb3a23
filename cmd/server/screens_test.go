package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/droverhq/drover/views"
)

// screen is a place at which pictures are taken, in each size and theme.
type screen struct{ name, path string }

// tallest is how much of a page a picture shows, in pixels.
const tallest = 3200

// TestScreens takes pictures of every page and state into the folder that DROVER_SCREENS names (make screenshots), to be looked at. A page that
// is wider than its screen is a fault.
func TestScreens(t *testing.T) {
	folder := os.Getenv("DROVER_SCREENS")
	if folder == "" {
		t.Skip("DROVER_SCREENS is not set: make screenshots sets it")
	}
	c := &camera{ctx: browserFor(t, time.Hour), folder: folder, only: regexp.MustCompile(os.Getenv("DROVER_SCREENS_ONLY"))}
	emulate(t, c.ctx, "screen")
	t.Run("states", func(t *testing.T) {
		home := galleryServer(t)
		for i, p := range views.Gallery() {
			c.take(t, home, screen{fmt.Sprintf("state %03d %s, %s", i, p.Name, p.State), fmt.Sprintf("/%d", i)})
		}
	})
	t.Run("empty", func(t *testing.T) {
		addr := freeAddress(t)
		p := start(t, []string{"DROVER_DATA=" + t.TempDir(), "DROVER_ADDR=" + addr}, "serve")
		setup := p.wait(t, `http://\S+/setup/\w+`)
		p.wait(t, "listens")
		do(t, c.ctx, "set up", chromedp.Navigate(setup), chromedp.SendKeys("#name", "Olga Owner"), chromedp.SendKeys("#email", "olga@agency.example"),
			chromedp.SendKeys("#password", "four words that differ"), chromedp.Click("main form button"), until(`document.querySelector("#palette")`))
		for _, s := range everyPage {
			c.take(t, "http://"+addr, screen{"empty " + s.name, s.path})
		}
	})
	t.Run("many", func(t *testing.T) {
		addr := freeAddress(t)
		p := start(t, []string{"DROVER_DATA=" + t.TempDir(), "DROVER_ADDR=" + addr}, "demo", "--sites", "5000")
		enter := p.waitFor(t, `http://\S+/enter/\w+`, 10*time.Minute)
		p.wait(t, "listens")
		do(t, c.ctx, "sign in", chromedp.Navigate(enter), until(`document.querySelector("#palette")`))
		runs := c.fill(t, "http://"+addr)
		for _, s := range slices.Concat(everyPage, c.found(t, "http://"+addr, runs)) {
			c.take(t, "http://"+addr, screen{"many " + s.name, s.path})
		}
	})
}

// everyPage is what anybody who is signed in as an owner can open by its address alone.
var everyPage = []screen{
	{"home", "/"}, {"command", "/command"}, {"sites", "/sites"}, {"sites that need attention", "/sites?state=broken"},
	{"sites by certificate", "/sites?sort=certificate"}, {"sites, no match", "/sites?q=nothing+like+this"},
	{"new site", "/sites/new"}, {"import", "/sites/import"}, {"connect", "/connect"}, {"rotation", "/rotation"},
	{"compose", "/run"}, {"compose, all sites", "/run?operation=clear-cache&p.purge_type=all&all=1"},
	{"compose, a request", "/run?operation=request&all=1"}, {"endpoints", "/endpoints"}, {"saved operations", "/operations"},
	{"new saved operation", "/operations/new"}, {"runs", "/runs"}, {"runs, no match", "/runs?actor=nobody"},
	{"changes", "/changes"}, {"audit", "/audit"}, {"audit, no match", "/audit?q=nothing+like+this"},
	{"audit on paper", "/audit/print"}, {"audit entry", "/audit/1"}, {"team", "/team"}, {"member", "/team/1"}, {"help", "/help"},
	{"help on sites", "/help/sites"}, {"help found", "/help?q=certificate"}, {"settings", "/settings"},
	{"second factor", "/settings/second-factor"}, {"retention", "/settings/retention"}, {"checks", "/settings/sites"},
	{"tokens", "/settings/tokens"}, {"no such page", "/nope"}, {"no such site", "/sites/99999"},
}

// camera takes pictures of pages.
type camera struct {
	ctx    context.Context
	folder string
	only   *regexp.Regexp // matches the names of the pictures to be taken
}

// take takes a picture of the page in each size and theme.
func (c *camera) take(t *testing.T, home string, s screen) {
	t.Helper()
	if !c.only.MatchString(s.name) {
		return
	}
	for i, width := range []int64{1440, 1024, 360} {
		height := int64(900 - 130*i)
		do(t, c.ctx, "open "+s.name, chromedp.EmulateViewport(width, height), chromedp.Navigate(home+s.path), until(`document.readyState === "complete"`))
		if wide := evaluate(t, c.ctx, `String(document.scrollingElement.scrollWidth)`); wide != fmt.Sprint(width) {
			t.Errorf("%s is %s px wide on a screen of %d", s.name, wide, width)
		}
		full, err := chromedp.Run(c.ctx, chromedp.Evaluate[int64](`document.scrollingElement.scrollHeight`))
		if err != nil {
			t.Fatal(err)
		}
		do(t, c.ctx, "show all of it", chromedp.EmulateViewport(width, min(max(full, height), tallest)))
		for _, theme := range []string{"light", "dark"} {
			do(t, c.ctx, theme, load(fmt.Sprintf(`document.documentElement.classList.toggle("dark", %t)`, theme == "dark")))
			c.shoot(t, filepath.Join(c.folder, fmt.Sprintf("%d-%s", width, theme), fileName(s.name)+".jpg"))
		}
	}
}

func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '/' {
			return '-'
		}
		return r
	}, strings.ReplaceAll(name, ",", ""))
}

func (c *camera) shoot(t *testing.T, file string) {
	t.Helper()
	quality, quick := int64(85), true
	shot, err := chromedp.Call(c.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: "jpeg", Quality: &quality, OptimizeForSpeed: &quick})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, shot.Data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// fill runs operations on all sites of the demo, and returns the runs' paths.
func (c *camera) fill(t *testing.T, home string) (runs []string) {
	t.Helper()
	for _, of := range []string{"operation=status", "operation=clear-cache&p.purge_type=all", "operation=request&p.path=/wp/v2/plugins"} {
		do(t, c.ctx, "compose "+of, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(home+"/run?all=1&"+of))
		waitLong(t, c.ctx, `document.querySelector("#run-preview")?.innerText.includes("5,000 sites")`)
		if evaluate(t, c.ctx, `String(Boolean(document.querySelector("#confirm")))`) == "true" {
			do(t, c.ctx, "confirm "+of, chromedp.SendKeys("#confirm", "5000"))
		}
		do(t, c.ctx, "run "+of, chromedp.Click("[data-run]"), until(`document.querySelector("#run-live button")`))
		if evaluate(t, c.ctx, `String(Boolean(document.querySelector('#run-live form[action$="/start"]')))`) == "true" {
			do(t, c.ctx, "start "+of, chromedp.Click(`#run-live form[action$="/start"] button`))
		}
		waitLong(t, c.ctx, `document.querySelector("#run-live")?.innerText.includes("5,000 of 5,000")`)
		runs = append(runs, evaluate(t, c.ctx, "location.pathname"))
	}
	return runs
}

// found are the pages that belong to what the demo holds: its last run, a site, an exchange.
func (c *camera) found(t *testing.T, home string, runs []string) []screen {
	t.Helper()
	link := func(at, selector string) string {
		t.Helper()
		do(t, c.ctx, "open "+at, chromedp.Navigate(home+at), until(`document.querySelector('`+selector+`')`))
		return strings.TrimPrefix(evaluate(t, c.ctx, `document.querySelector('`+selector+`').href`), home)
	}
	purge, request := runs[1], runs[2]
	broken := link("/sites?state=broken", `main td a[href^="/sites/"]`)
	ready := link("/sites?state=ready", `main td a[href^="/sites/"]`)
	targets := link(purge, `details[data-lazy] a[href*="/targets"]`)
	failed := link(targets, `main td a[href*="/targets/"]`)
	return []screen{
		{"run of requests", request}, {"run of a purge", purge}, {"targets", targets}, {"exchange, failed", failed},
		{"answers", request + "/answers"}, {"answers, filtered", request + "/answers?q=akismet+version%3C5.3"}, {"report", purge + "/report"},
		{"comparison", request + "/compare"}, {"broken site", broken}, {"ready site", ready}, {"site's form", ready + "/edit"},
		{"endpoint form", "/endpoints/form?route=/wp/v2/posts&method=POST"}, {"command of a run", "/command?for=" + purge},
	}
}
