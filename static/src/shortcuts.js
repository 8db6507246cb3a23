// Keys for people who would rather not reach for the mouse. They do nothing while something is typed or a dialog is open.
const rowsOf = "main tbody tr:has(a[href]), main details[data-lazy] > summary";
const waiting = 1500; // ms between g and the next key
let goes = 0;

const rows = () => [...document.querySelectorAll(rowsOf)].filter((row) => row.offsetParent !== null);
const current = () => document.activeElement?.closest(rowsOf);

function step(by) {
  const all = rows();
  const at = all.indexOf(current());
  const row = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + by))];
  if (row.tagName === "TR") row.tabIndex = -1;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

// peek shows a row whole: what a narrow column cuts, and what a small screen leaves out.
function peek(row) {
  const dialog = document.getElementById("peek");
  const heads = [...row.closest("table").querySelectorAll("thead th")];
  const list = document.createElement("dl");
  list.className = "keys wide";
  [...row.cells].forEach((cell, i) => {
    const text = cell.innerText.trim() || cell.textContent.trim().replace(/\s+/g, " ");
    const name = heads[i]?.textContent.trim();
    if (!text || !name || cell.querySelector("form, dialog")) return;
    const term = document.createElement("dt");
    term.textContent = name;
    const value = document.createElement("dd");
    value.textContent = text;
    value.dir = "auto";
    list.append(term, value);
  });
  const buttons = document.createElement("div");
  buttons.className = "flex justify-end gap-2";
  const close = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: "Close" });
  close.dataset.variant = "outline";
  close.dataset.close = "";
  const open = Object.assign(document.createElement("a"), { className: "btn", href: row.querySelector("a[href]").href, textContent: "Open" });
  buttons.append(close, open);
  const inside = document.createElement("div");
  inside.className = "grid gap-4 p-5 text-sm";
  inside.append(list, buttons);
  dialog.replaceChildren(inside);
  dialog.showModal();
  open.focus();
}

const onRow = {
  x: (row) => row.querySelector('input[type="checkbox"]:not([disabled])')?.click(),
  " ": (row) => row.tagName === "TR" && peek(row),
  Enter: (row) => row.tagName === "TR" && row.querySelector("a[href]").click(),
  Escape: (row) => row.blur(),
};

function pressed(event) {
  if (event.key === "?") return document.getElementById("shortcuts")?.showModal() ?? true;
  if (Date.now() - goes < waiting) {
    goes = 0;
    const place = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (place) return place.click() ?? true;
  }
  if (event.key === "g") goes = Date.now();
  if ((event.key === "j" || event.key === "k") && rows().length > 0) return step(event.key === "j" ? 1 : -1) ?? true;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (button) return button.click() ?? true;
  const row = current();
  if (!row || document.activeElement !== row || !(event.key in onRow) || row.tagName === "SUMMARY") return false;
  onRow[event.key](row);
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open], [popover]:popover-open")) return;
  if (pressed(event)) event.preventDefault();
});
