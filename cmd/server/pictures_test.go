package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestPictures takes the README's pictures from the demo into the folder that DROVER_PICTURES names (make screenshots).
func TestPictures(t *testing.T) {
	folder := os.Getenv("DROVER_PICTURES")
	if folder == "" {
		t.Skip("DROVER_PICTURES is not set: make screenshots sets it")
	}
	addr := freeAddress(t)
	p := start(t, []string{"DROVER_DATA=" + t.TempDir(), "DROVER_ADDR=" + addr}, "demo")
	enter := p.wait(t, `http://\S+/enter/\w+`)
	p.wait(t, "listens")
	home, ctx := "http://"+addr, browserFor(t, 20*time.Minute)
	do(t, ctx, "sign in", chromedp.EmulateViewport(1360, 850), chromedp.Navigate(enter))
	do(t, ctx, "compose", chromedp.Navigate(home+"/run?tag=care-plan&operation=clear-cache&p.purge_type=all"),
		until(`document.querySelector("#run-preview").innerText.includes("58 sites")`))
	do(t, ctx, "start", chromedp.SendKeys("#confirm", "58"), chromedp.Click("[data-run]"),
		until(`document.querySelector('#run-live form[action$="/start"] button')`))
	do(t, ctx, "start now", chromedp.Click(`#run-live form[action$="/start"] button`))
	waitLong(t, ctx, `document.querySelector("#run-live")?.innerText.includes("58 of 58")`)
	last := evaluate(t, ctx, "location.pathname")
	shoot := func(name, path string) {
		t.Helper()
		do(t, ctx, name, chromedp.Navigate(home+path))
		picture(t, ctx, filepath.Join(folder, name+".png"))
	}
	shoot("watch", last)
	shoot("home", "/")
	shoot("sites", "/sites")
	shoot("run", "/run?operation=clear-cache&p.purge_type=all&client=Granite+Law&tag=blog")
	shoot("audit", "/audit")
	do(t, ctx, "go dark", chromedp.Click("[data-theme-toggle]"))
	shoot("dark", last)
	do(t, ctx, "hold a phone", chromedp.Click("[data-theme-toggle]"), chromedp.EmulateViewport(390, 844))
	shoot("phone", last)
}

func picture(t *testing.T, ctx context.Context, file string) {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		t.Fatal(err)
	}
}
