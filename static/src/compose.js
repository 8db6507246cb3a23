// Composing a run: parameters show when they are in use. Without this script, all of them show.
const compose = document.querySelector("form[data-compose]");
if (compose) {
  const value = (name) => {
    const field = compose.elements.namedItem(name);
    return field instanceof RadioNodeList || field ? field.value : "";
  };
  const show = () => {
    const operation = value("operation");
    compose.querySelectorAll("[data-operation]").forEach((part) => {
      part.hidden = part.dataset.operation !== operation;
      part.disabled = part.hidden;
    });
    compose.querySelectorAll("[data-when]").forEach((part) => {
      const [name, values] = part.dataset.when.split("=");
      part.hidden = !values.split("|").includes(value(`p.${name}`));
    });
  };
  compose.addEventListener("change", show);
  addEventListener("pageshow", show);
  show();
  // What is left to fill in of the operation that an address or an example chose has the focus.
  const left = compose.querySelector("[data-operation]:not([hidden])");
  const fields = left ? [...left.querySelectorAll("textarea, input[type=text]")].filter((each) => !each.closest("[hidden]")) : [];
  const asked = (each) => each.name === "p.path" || each.closest("[data-when]");
  const gap = fields.find((each) => each.value.includes("…")) ?? fields.find((each) => each.value === "" && asked(each));
  if (gap && document.activeElement === document.body) {
    gap.focus({ preventScroll: true });
    const at = gap.value.indexOf("…");
    if (at >= 0) gap.setSelectionRange(at, at + 1);
  }
}
