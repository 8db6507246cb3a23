// What has the focus is never under a bar that stays on the screen: browsers scroll only to what is off it.
const room = 12; // px between what has the focus and a bar

function clear() {
  const at = document.activeElement;
  if (!at?.matches(":focus-visible") || at.closest("dialog, [popover]")) return;
  const over = (bar) => bar && !bar.contains(at) && bar.checkVisibility() && bar.getBoundingClientRect();
  const box = at.getBoundingClientRect();
  const header = over(document.querySelector("header.sticky"));
  if (header && box.top < header.bottom) return scrollBy(0, box.top - header.bottom - room);
  for (const bar of document.querySelectorAll("#run-preview > .sticky, .selection-bar, .tabs-bar")) {
    const below = over(bar);
    if (!below || box.bottom <= below.top || box.top >= below.bottom) continue;
    scrollBy(0, Math.min(box.bottom - below.top + room, box.top - (header?.bottom ?? 0) - room));
  }
}

// A frame later, the browser has scrolled by itself; and a bar may have grown by what it now says.
for (const moved of ["focusin", "htmx:after:swap"]) document.addEventListener(moved, () => requestAnimationFrame(clear));
