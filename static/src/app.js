import "./htmx.js";
import "htmx.org/dist/ext/hx-sse.js";
import "./focus.js";
import "./palette.js";
import "./shortcuts.js";
import "./command.js";
import "./selection.js";
import "./compose.js";
import "./run.js";
import "./passkey.js";
import "./json.js";

// copied says so on the button for a moment.
function copied(button) {
  const place = button.querySelector("[data-copied]");
  const was = place ? place.textContent : button.getAttribute("aria-label");
  const say = (text) => (place ? (place.textContent = text) : button.setAttribute("aria-label", text));
  if (button.dataset.done) return;
  button.dataset.done = "1";
  say("Copied");
  setTimeout(() => {
    say(was);
    delete button.dataset.done;
  }, 1500);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) {
    const dark = document.documentElement.classList.toggle("dark");
    localStorage.setItem("theme", dark ? "dark" : "light");
  }
  const copy = event.target.closest("[data-copy], [data-copy-near]");
  if (copy) {
    const text = copy.dataset.copy ?? copy.closest("section").querySelector("pre").textContent;
    navigator.clipboard?.writeText(text).then(() => copied(copy));
  }
  if (event.target.closest("[data-print]")) print();
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
});

// What a page is for is ready to type into, where a keyboard is at hand.
if (!matchMedia("(pointer: coarse)").matches) document.querySelector("[data-focus]")?.focus({ preventScroll: true });

// A file that was chosen is sent at once where nothing else is asked for.
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-file-submits]") && event.target.files.length > 0) event.target.form.requestSubmit();
});

// A form is sent once: a second click on a slow line must not start a second run.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || "again" in form.dataset) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
}));

// Said when a request failed, not when the browser believes that it is offline: it may believe so wrongly, and Drover may be next door.
const offline = document.getElementById("offline");
const retry = () => setTimeout(() => fetch("/healthz", { cache: "no-store" }).then(() => (offline.hidden = true), retry), 3000);
document.addEventListener("htmx:error", (event) => {
  if (!event.detail.ctx || event.detail.error?.name === "AbortError" || !offline?.hidden) return;
  offline.hidden = false;
  retry();
});
