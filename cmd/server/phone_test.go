package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/droverhq/drover/views"
)

// sideways names what scrolls sideways, but for what holds other people's columns.
const sideways = `[document.scrollingElement, ...document.querySelectorAll("main *")].filter((each) => each.scrollWidth > each.clientWidth + 1 &&
	(each === document.scrollingElement || ["auto", "scroll"].includes(getComputedStyle(each).overflowX)) && each.checkVisibility() &&
	!each.matches("[data-wide], pre, textarea, .code, .json-tree, .json-tree *")).map((each) =>
	each.tagName + "." + each.className + ": " + each.scrollWidth + " px in " + each.clientWidth).join("; ")`

// On a phone nobody scrolls sideways to read a page, in any of its states.
func TestEveryPageFitsAPhone(t *testing.T) {
	t.Parallel()
	ctx := browserFor(t, 30*time.Minute)
	home := galleryServer(t)
	do(t, ctx, "hold a phone", chromedp.EmulateViewport(360, 740))
	for i, p := range views.Gallery() {
		do(t, ctx, "open "+p.Name, chromedp.Navigate(fmt.Sprintf("%s/%d", home, i)), until(`document.readyState === "complete"`))
		if wide := evaluate(t, ctx, sideways); wide != "" {
			t.Errorf("%s, %s: %s", p.Name, p.State, wide)
		}
	}
}
