// A run that is watched, and the parts of composing one that only make it quicker. Everything works without this script.

// A group's sites are read when it is opened, and again when their number has changed, at most every two seconds.
const pause = 2000;
const readAt = new WeakMap();

function readTargets(group) {
  const list = group.querySelector("[data-targets]");
  if (!group.open || !list || list.dataset.shown === group.dataset.lazy) return;
  const wait = (readAt.get(list) ?? 0) + pause - Date.now();
  if (wait > 0) {
    setTimeout(readTargets, wait, group);
    return;
  }
  readAt.set(list, Date.now());
  list.dataset.shown = group.dataset.lazy;
  htmx.trigger(list, "refresh");
}

document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details[data-lazy]")) readTargets(event.target);
}, true);

// drawProgress makes a ring of the icon in the tab, as full as the run is far.
function drawProgress(percent) {
  const icon = document.querySelector('link[rel="icon"]');
  const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
  const pen = canvas.getContext("2d");
  if (!icon || !pen || Number.isNaN(percent)) return;
  pen.lineWidth = 6;
  for (const [colour, to] of [["#94a3b8", 1], ["#0d9488", percent / 100]]) {
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.arc(16, 16, 12, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * to);
    pen.stroke();
  }
  icon.type = "image/png";
  icon.href = canvas.toDataURL();
}

// offerNotice asks for the right to notify where it is of use: beside a run that is still running. The tab remembers the wish while it shows
// other pages, or this one again.
function offerNotice(live, finished) {
  const button = live.querySelector("[data-notify]");
  if (!button || !("Notification" in window) || Notification.permission === "denied") return;
  const text = button.querySelector("[data-notify-text]");
  const wish = "notify " + location.pathname;
  const notify = () => {
    text.textContent = "You will be notified";
    button.disabled = true;
    live.addEventListener("htmx:sse:close", () => {
      sessionStorage.removeItem(wish);
      new Notification(document.title, { body: finished() });
    }, { once: true });
  };
  button.classList.remove("invisible");
  if (Notification.permission === "granted" && sessionStorage.getItem(wish)) notify();
  button.addEventListener("click", async () => {
    if ((await Notification.requestPermission()) !== "granted") {
      text.textContent = "Notifications are blocked in this browser";
      return;
    }
    sessionStorage.setItem(wish, "1");
    notify();
  });
}

const live = document.querySelector("[data-live]");
if (live) {
  const lost = live.querySelector("[data-live-lost]");
  const title = document.title;
  const run = () => document.getElementById("run-live");
  const missed = () => (lost.hidden = false);
  offerNotice(live, () => run().querySelector("[aria-live]")?.textContent ?? "");
  live.addEventListener("htmx:sse:error", missed);
  live.addEventListener("htmx:response:error", (event) => event.target === live && missed());
  live.addEventListener("htmx:sse:after:connection", () => (lost.hidden = true));
  live.addEventListener("htmx:sse:after:message", () => {
    lost.hidden = true;
    document.title = run().dataset.progress + " · " + title;
    drawProgress(Number.parseInt(run().dataset.progress, 10));
    run().querySelectorAll("details[data-lazy][open]").forEach(readTargets);
  });
}

// Enter in a field of the composer never starts or saves anything: it shows what would be sent. Ctrl+Enter runs, from anywhere in it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const run = document.querySelector("[data-run]");
  if (run && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run.click();
    return;
  }
  if (!event.target.matches?.("form[data-compose] input:not([type=submit], [type=button])")) return;
  event.preventDefault();
  const preview = document.querySelector("[data-preview]");
  if (preview) htmx.trigger(preview, "refresh");
});

// Whether a control is no longer as the page came: somebody was faster than the scripts, or the browser restored it.
const changed = (control) =>
  control.matches("[type=checkbox], [type=radio]") ? control.checked !== control.defaultChecked
    : control.matches("select") ? [...control.options].some((option) => option.selected !== option.defaultSelected)
      : "defaultValue" in control && control.value !== control.defaultValue;

// The filters count only while not all sites are meant; what a browser restores on the way back is previewed again.
const compose = document.querySelector("form[data-compose]");
if (compose) {
  const scope = compose.querySelector("[data-scope]");
  const narrowScope = () => {
    scope.hidden = compose.elements.namedItem("all").value === "1";
    scope.disabled = scope.hidden;
  };
  compose.addEventListener("change", narrowScope);
  compose.addEventListener("input", (event) => {
    const name = event.target.dataset.narrow;
    if (!name) return;
    event.stopPropagation();
    const words = event.target.value.trim().toLowerCase();
    compose.querySelectorAll(`[data-narrowed="${name}"] label`).forEach((label) => {
      label.hidden = !label.textContent.toLowerCase().includes(words);
    });
  }, true);
  // A run that asks for its number of sites leads to where it is typed.
  compose.addEventListener("click", (event) => {
    const confirm = document.getElementById("confirm");
    if (!event.target.closest("[data-run]") || !confirm || confirm.value !== "") return;
    event.preventDefault();
    confirm.focus();
  });
  // What the form holds has an address: that of its draft, to reload, to come back to, and to send to a colleague.
  document.addEventListener("htmx:after:swap", () => {
    const draft = compose.querySelector("#run-preview input[name=draft]")?.value;
    const to = "/runs/new?draft=" + encodeURIComponent(draft);
    if (draft && location.pathname + location.search !== to) history.replaceState(history.state, "", to);
  });
  addEventListener("pageshow", (event) => {
    narrowScope();
    const [from] = performance.getEntriesByType("navigation");
    const current = from?.type === "navigate" && !event.persisted && ![...compose.elements].some(changed);
    if (!current) setTimeout(() => htmx.trigger(compose.querySelector("[data-preview]"), "refresh")); // htmx itself starts by a timer, set before this one
  });
  compose.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.name !== "confirm") return;
    event.preventDefault();
    compose.requestSubmit(compose.querySelector("[data-run]"));
  });
  compose.addEventListener("click", (event) => {
    const details = document.getElementById(event.target.closest("[data-open]")?.dataset.open);
    if (details) details.open = true;
  });
}
