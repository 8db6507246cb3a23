// This page as a command: what the form on it says now counts, not what it said when the page was loaded.
const dialog = document.getElementById("command");

function here() {
  const form = document.querySelector("form[data-compose]");
  if (!form) return location.pathname + location.search;
  const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string" && value !== "");
  return `/run?${new URLSearchParams(fields)}`;
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-command-for]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  await htmx.ajax("GET", `/command?for=${encodeURIComponent(here())}`, { target: dialog, swap: "innerHTML" });
  dialog.showModal();
});
