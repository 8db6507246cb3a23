package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// demoSites is how many sites the jobs are done with.
const demoSites = 200

// jobs is a demo in this process, so that what its sites were sent can be read, and a browser that is signed in to it.
type jobs struct {
	home string
	ctx  context.Context
	fake *wptest.Fake
	at   map[string]int // sites by their URLs
}

// startJobs starts a demo as drover demo does.
func startJobs(t *testing.T) *jobs {
	t.Helper()
	ctx := browserFor(t, 15*time.Minute)
	described := wptest.Demo(demoSites)
	dir := t.TempDir()
	fake, err := wptest.Start(wptest.Options{Sites: described, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Close() })
	for i, site := range described {
		if site.Fault == wptest.Silent {
			fake.SetFault(i, "") // it keeps a run waiting for a minute
		}
	}
	addr := freeAddress(t)
	c := &config{addr: addr, data: dir, publicURL: "http://" + addr, keyFile: filepath.Join(dir, "keyset.json"), concurrency: 256, perAddress: 2,
		logging: logOptions{level: "warn"}}
	if err := c.useDemo(fake); err != nil {
		t.Fatal(err)
	}
	entrance, ended := make(chan string, 1), make(chan error, 1)
	running, stop := context.WithCancel(context.Background())
	go func() {
		ended <- c.withApp(running, func(h *app) error {
			token, err := prepareDemo(running, h, fake, described)
			if err != nil {
				return err
			}
			entrance <- c.publicURL + "/enter/" + token.Reveal()
			return c.serve(running, io.Discard, h, false)
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	j := &jobs{home: c.publicURL, ctx: ctx, fake: fake, at: map[string]int{}}
	for i := range fake.Len() {
		j.at[fake.URL(i)] = i
	}
	select {
	case enter := <-entrance:
		waitForServer(t, c.publicURL)
		do(t, ctx, "sign in", chromedp.EmulateViewport(1440, 900), chromedp.Navigate(enter), until(`document.querySelector("#palette")`))
	case err := <-ended:
		ended <- nil
		t.Fatalf("the demo does not start: %v", err)
	}
	return j
}

func waitForServer(t *testing.T, home string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		if r, err := http.Get(home + "/healthz"); err == nil {
			_ = r.Body.Close()
			return
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// calls are those that sites accepted on the route since the mark, by the site's place.
func (j *jobs) calls(since time.Time, method, route string) map[int][]wptest.Call {
	found := map[int][]wptest.Call{}
	for i := range j.fake.Len() {
		for _, c := range j.fake.Calls(i) {
			if !c.At.Before(since) && c.Method == method && strings.Contains(c.Route, route) {
				found[i] = append(found[i], c)
			}
		}
	}
	return found
}

// job is one piece of work, with what it costs the person.
type job struct {
	*jobs
	t            *testing.T
	began        time.Time
	clicks, keys int
	tabbed       bool // the focus was moved by keys
}

// begin starts a job at the home page.
func (j *jobs) begin(t *testing.T) *job {
	t.Helper()
	b := &job{jobs: j, t: t, began: time.Now()}
	b.open("/")
	return b
}

// open goes somewhere before the job begins.
func (j *job) open(path string) {
	j.t.Helper()
	do(j.t, j.ctx, "open "+path, chromedp.Navigate(j.home+path), until(`document.readyState === "complete"`))
}

// wait waits for an expression of the page.
func (j *job) wait(expression string) {
	j.t.Helper()
	do(j.t, j.ctx, "wait for "+expression, until(expression))
}

// click clicks what the selector names.
func (j *job) click(selector string) {
	j.t.Helper()
	j.clickText(selector, "")
}

// clickText clicks the first that the selector names and that shows the text: where it stands still, can be seen, and nothing lies over it.
func (j *job) clickText(selector, text string) {
	j.t.Helper()
	j.clicks++
	do(j.t, j.ctx, "click "+selector+" "+text, until(fmt.Sprintf("%s && (%s)(%q, %q)", loaded, clicked, selector, text)))
}

// clicked clicks once the place is the same as the last time that it was asked. It does so in the page: by the time that a click from outside
// comes, something else may be there.
const clicked = `(selector, text) => {
	const at = [...document.querySelectorAll(selector)].find((each) => each.checkVisibility() && each.innerText.includes(text));
	if (!at) return false;
	at.scrollIntoView({ block: "center", behavior: "instant" });
	const box = at.getBoundingClientRect(), X = box.left + box.width / 2, Y = box.top + box.height / 2, now = JSON.stringify({ X, Y });
	const still = window.clickAt === now, top = document.elementFromPoint(X, Y);
	window.clickAt = now;
	if (!still || box.width === 0 || !top || !(at.contains(top) || top.contains(at))) return false;
	at.focus({ preventScroll: true });
	at.click();
	return true;
}`

// typed types where the focus is. It is no click; a job that counts keys presses them.
func (j *job) typed(text string) {
	j.t.Helper()
	do(j.t, j.ctx, "type "+text, chromedp.KeyEvent(text))
}

// loaded says that the page's own scripts listen: a key that comes before is nobody's.
const loaded = `document.readyState === "complete"`

// press presses keys, each of which counts.
func (j *job) press(keys ...string) {
	j.t.Helper()
	for _, key := range keys {
		j.keys++
		if key >= " " && key <= "~" {
			j.printable(key)
		} else {
			do(j.t, j.ctx, "press "+key, until(loaded), chromedp.KeyEvent(key))
		}
	}
}

// atMost holds the job to what it may cost.
func (j *job) atMost(clicks int) {
	j.t.Helper()
	j.t.Logf("%d clicks", j.clicks)
	if j.clicks > clicks {
		j.t.Errorf("%d clicks, want at most %d", j.clicks, clicks)
	}
}

// find opens the palette by a click, types, and clicks what was found.
func (j *job) find(words, title string) {
	j.t.Helper()
	j.click("header [data-palette]")
	j.typed(words)
	j.clickText("#palette-found a", title)
}

// ended waits until the run on the page has ended, and returns its number.
func (j *job) ended() string {
	j.t.Helper()
	j.wait(`/^\/runs\/\d+$/.test(location.pathname)`)
	waitLong(j.t, j.ctx, `document.querySelector("#run-live")?.innerText.includes("Finished")`)
	return strings.TrimPrefix(evaluate(j.t, j.ctx, "location.pathname"), "/runs/")
}

// says fails unless the page holds all texts.
func (j *job) says(texts ...string) {
	j.t.Helper()
	for _, text := range texts {
		j.wait(fmt.Sprintf("document.body.innerText.includes(%q)", text))
	}
}

// audited fails unless the audit log holds the sentence.
func (j *job) audited(path string, sentences ...string) {
	j.t.Helper()
	j.open(path)
	j.says(sentences...)
}

// printed makes printing a note on the page, since paper is none of a test's.
func (j *job) printed() {
	j.t.Helper()
	if _, err := chromedp.Run(j.ctx, chromedp.Evaluate[bool](`(window.print = () => { document.body.dataset.printed = "1" }, true)`)); err != nil {
		j.t.Fatal(err)
	}
}

// sitesOf are the places of the sites that belong to the client.
func (j *jobs) sitesOf(client string) (all []int) {
	for i, s := range wptest.Demo(demoSites) {
		if s.Client == client {
			all = append(all, i)
		}
	}
	return all
}

// outside fails where anything was sent to sites that are not among these.
func (j *job) outside(calls map[int][]wptest.Call, allowed []int) {
	j.t.Helper()
	for i := range calls {
		if !slices.Contains(allowed, i) {
			j.t.Errorf("%s was sent %v", j.fake.URL(i), calls[i])
		}
	}
}

func bodyOf(t *testing.T, c wptest.Call) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(c.Body), &body); err != nil {
		t.Fatalf("%q: %v", c.Body, err)
	}
	return body
}

// printable presses a key as a keyboard does: where the page takes it for itself, no letter follows.
func (j *job) printable(key string) {
	j.t.Helper()
	do(j.t, j.ctx, "press "+key, until(loaded))
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		params := input.DispatchKeyEventParams{Type: kind, Key: key}
		if kind == input.DispatchKeyEventTypeKeyDown {
			params.Text = key
		}
		if _, err := chromedp.Call(j.ctx, input.DispatchKeyEvent, params); err != nil {
			j.t.Fatal(err)
		}
	}
}
