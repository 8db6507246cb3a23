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

const live = document.querySelector("[data-live]");
if (live) {
  const lost = live.querySelector("[data-live-lost]");
  const title = document.title;
  const run = () => document.getElementById("run-live");
  const missed = () => (lost.hidden = false);
  live.addEventListener("htmx:sse:error", missed);
  live.addEventListener("htmx:response:error", (event) => event.target === live && missed());
  live.addEventListener("htmx:sse:after:connection", () => (lost.hidden = true));
  live.addEventListener("htmx:sse:after:message", () => {
    lost.hidden = true;
    document.title = run().dataset.progress + " · " + title;
    run().querySelectorAll("details[data-lazy][open]").forEach(readTargets);
  });
}

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
  addEventListener("pageshow", () => {
    narrowScope();
    const [from] = performance.getEntriesByType("navigation");
    if (from?.type === "back_forward") htmx.trigger(compose.querySelector("[data-preview]"), "refresh");
  });
}
