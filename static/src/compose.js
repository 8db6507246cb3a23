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
}
