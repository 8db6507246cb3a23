// Runs before the page is drawn, so that a dark page never flashes light. Paper is always light.
const root = document.documentElement;
const kept = localStorage.getItem("theme");
const dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
root.classList.toggle("dark", dark);
root.classList.add("js");
let wasDark = false;
matchMedia("print").addEventListener("change", (print) => {
  if (print.matches) wasDark = root.classList.contains("dark");
  root.classList.toggle("dark", wasDark && !print.matches);
});
