import "./htmx.js";
import "htmx.org/dist/ext/hx-sse.js";
import "./palette.js";
import "./selection.js";
import "./compose.js";
import "./run.js";
import "./passkey.js";
import "./json.js";

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) {
    const dark = document.documentElement.classList.toggle("dark");
    localStorage.setItem("theme", dark ? "dark" : "light");
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    navigator.clipboard?.writeText(copy.dataset.copy).then(() => (copy.querySelector("[data-copied]") ?? copy).textContent = "Copied");
  }
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
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

// The way back to a live page after the network was gone.
const offline = document.getElementById("offline");
const online = () => offline && (offline.hidden = navigator.onLine);
addEventListener("online", online);
addEventListener("offline", online);
online();
