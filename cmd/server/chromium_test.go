package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browser opens a real Chromium, headless, for up to ten minutes.
func browser(t *testing.T) context.Context {
	t.Helper()
	return browserFor(t, 10*time.Minute)
}

func browserFor(t *testing.T, most time.Duration, flags ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path := os.Getenv("DROVER_TEST_CHROMIUM")
	if path == "" {
		t.Skip("DROVER_TEST_CHROMIUM is not set: run `make test`, which installs Chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-gpu", true), // drawing without one costs less than simulating one
		chromedp.WindowSize(1360, 900))
	options = append(options, flags...)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // starts the browser, which lives as long as this context
		t.Fatal(err)
	}
	// A page after a form may otherwise have no focus until somebody presses a key, and marks none.
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, most)
	t.Cleanup(cancel)
	return ctx
}

// doWithin bounds what one step in a browser takes: a page that never loads must not take the time of all other tests.
const doWithin = 3 * time.Minute

func do(t *testing.T, ctx context.Context, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	within, cancel := context.WithTimeout(ctx, doWithin)
	defer cancel()
	if err := chromedp.Do(within, actions...); err != nil {
		page, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
		t.Fatalf("%s: %v\n%s", what, err, page)
	}
}

// until waits for an expression of the page to become true, over any navigation in between.
func until(expression string) chromedp.Action[chromedp.Void] {
	badge := chromedp.Evaluate[bool]("Boolean(" + expression + ")")
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
			// A page that is just going away cannot be asked; the next one can.
			if is, err := badge(ctx, t); err == nil && is {
				return chromedp.Void{}, nil
			} else if ctx.Err() != nil || time.Now().After(deadline) {
				return chromedp.Void{}, errors.Join(fmt.Errorf("never true: %s", expression), err)
			}
		}
	}
}

// pressed presses a button by the page's own script: one that is drawn again at that moment is another node by the time that a click from outside comes.
func pressed(selector string) chromedp.Action[chromedp.Void] {
	return until(fmt.Sprintf(`(() => { const button = document.querySelector(%q); button?.click(); return button })()`, selector))
}

// waitLong waits for as long as a run on thousands of sites may take, or one that silent sites hold up.
func waitLong(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	for range 2 {
		if chromedp.Do(ctx, until(expression)) == nil {
			return
		}
	}
	do(t, ctx, "wait for "+expression, until(expression)) // which prints the page
}

// evaluate evaluates an expression of the page.
func evaluate(t *testing.T, ctx context.Context, expression string) string {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
