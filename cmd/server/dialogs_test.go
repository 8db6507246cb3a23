package main

import (
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// whereFocus says whether the focus is in the open dialog, or which element of the page has it.
const whereFocus = `(() => {
	const at = document.activeElement, dialog = document.querySelector("dialog[open]");
	if (dialog) return (dialog.contains(at) ? "in " : "outside of ") + dialog.id;
	return at === document.body ? "nowhere" : at.tagName + " " + at.innerText.slice(0, 40);
})()`

// dialogsByKeyboard opens each kind of dialog by keys. The focus goes in, stays in while Tab goes round, and comes back where it was.
func dialogsByKeyboard(j *job) {
	j.open("/sites")
	j.press("j", "j")
	row := evaluate(j.t, j.ctx, whereFocus)
	if !strings.HasPrefix(row, "TR ") {
		j.t.Fatalf("the focus is %s", row)
	}
	for _, each := range []struct{ key, id string }{{"/", "palette"}, {"?", "shortcuts"}, {" ", "peek"}} {
		j.press(each.key)
		j.wait(`document.querySelector("dialog[open]")?.id === "` + each.id + `"`)
		for range 8 {
			// From the last element, the focus leaves for the browser's own buttons and comes back: a page does not see it meanwhile.
			if at := evaluate(j.t, j.ctx, whereFocus); at != "in "+each.id && evaluate(j.t, j.ctx, `document.activeElement.tagName`) != "BODY" {
				j.t.Errorf("Tab leads %s", at)
			}
			j.chord(kb.Tab)
		}
		j.press(kb.Escape)
		j.wait(`!document.querySelector("dialog[open]")`)
		if at := evaluate(j.t, j.ctx, whereFocus); at != row {
			j.t.Errorf("after %s, the focus is %s, and was %s", each.id, at, row)
		}
	}
}

// paletteIsACombobox moves through what the palette found: a screen reader is told what the arrows mark, and Enter opens that.
func paletteIsACombobox(j *job) {
	const marked = `(() => {
		const input = document.activeElement, list = document.getElementById(input.getAttribute("aria-controls"));
		const at = document.getElementById(input.getAttribute("aria-activedescendant"));
		const selected = [...list.querySelectorAll('[role="option"][aria-selected="true"]')];
		return input.role === "combobox" && list.role === "listbox" && selected.length === 1 && selected[0] === at && at.checkVisibility() ? at.innerText : "";
	})()`
	j.open("/runs")
	j.chord("k", ctrl)
	j.wait(`document.querySelector("#palette").open`)
	first := evaluate(j.t, j.ctx, marked)
	j.press(kb.ArrowDown)
	second := evaluate(j.t, j.ctx, marked)
	j.press(kb.ArrowUp)
	if again := evaluate(j.t, j.ctx, marked); first == "" || second == "" || first == second || again != first {
		j.t.Errorf("the arrows mark %q, %q, %q", first, second, again)
	}
	j.typed("audit")
	j.wait(`[...document.querySelectorAll('#palette [role="option"]')].every((each) => each.hidden || each.innerText.toLowerCase().includes("audit"))`)
	if at := evaluate(j.t, j.ctx, marked); !strings.Contains(at, "Audit") {
		j.t.Errorf("%q is marked", at)
	}
	j.press(kb.Enter)
	do(j.t, j.ctx, "open what is marked", until(`location.pathname === "/audit"`), chromedp.WaitReady("main"))
}
