// The command palette: Ctrl-K or /, type, arrows, Enter.
const dialog = document.getElementById("palette");
if (dialog) {
  const input = dialog.querySelector("input");
  const none = dialog.querySelector("[data-none]");
  const items = () => [...dialog.querySelectorAll("a[href]")].filter((a) => !a.hidden);
  let at = 0;

  const mark = (to) => {
    const all = items();
    none.hidden = all.length > 0;
    dialog.querySelectorAll("a[id]").forEach((a) => ["id", "data-active", "aria-selected"].forEach((name) => a.removeAttribute(name)));
    at = Math.max(0, Math.min(to, all.length - 1));
    all.forEach((a, i) => {
      a.id = `palette-${i}`;
      a.toggleAttribute("data-active", i === at);
      a.setAttribute("aria-selected", i === at);
    });
    input.setAttribute("aria-activedescendant", all[at]?.id ?? "");
    all[at]?.scrollIntoView({ block: "nearest" });
  };
  const filter = () => {
    const words = input.value.trim().toLowerCase();
    dialog.querySelectorAll("[data-command]").forEach((a) => (a.hidden = !a.textContent.toLowerCase().includes(words)));
    mark(0);
  };
  const open = () => {
    if (dialog.open) return;
    dialog.showModal();
    input.select();
    filter();
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing)) {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => event.target.closest("[data-palette]") && open());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  input.addEventListener("input", filter);
  dialog.addEventListener("htmx:after:swap", () => mark(0));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      items()[at]?.click();
    }
  });
}
