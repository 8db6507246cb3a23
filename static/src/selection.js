// Choosing rows of the list of sites: one by one, a stretch with Shift, the page, or all that match the filters.
const form = document.querySelector("form[data-selection]");
if (form) {
  const boxes = [...form.querySelectorAll("input[name=site]")];
  const page = form.querySelector("[data-page]");
  const all = form.querySelector("input[name=all]");
  const offer = form.querySelector("[data-offer]");
  const total = Number(form.dataset.selection);
  let last = null;

  const show = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    page.checked = chosen === boxes.length && chosen > 0;
    page.indeterminate = chosen > 0 && chosen < boxes.length;
    // A row taken out ends "all that match": the number shown must be the number sent.
    // A page that holds all that the filters leave is chosen as the filter: a client stays a client.
    if (all && "whole" in all.dataset) all.checked = page.checked;
    else if (all) {
      if (!page.checked) all.checked = false;
      offer.hidden = !page.checked;
    }
    const count = all?.checked ? total : chosen;
    form.querySelectorAll("[data-count]").forEach((each) => (each.textContent = count.toLocaleString("en")));
    form.querySelectorAll("[data-one]").forEach((each) => (each.textContent = count === 1 ? "site" : "sites"));
  };
  form.addEventListener("click", (event) => {
    const box = event.target.closest("input[name=site]");
    if (!box) return;
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((each) => (each.checked = box.checked));
    }
    last = box;
    show();
  });
  page.addEventListener("change", () => {
    boxes.forEach((box) => (box.checked = page.checked));
    show();
  });
  all?.addEventListener("change", show);
  form.querySelector("[data-clear]")?.addEventListener("click", () => {
    [...boxes, all].forEach((box) => box && (box.checked = false));
    show();
  });
  // Enter in a field of the bar does what the button beside it says.
  form.addEventListener("keydown", (event) => {
    const button = event.target.closest("input")?.closest(".menu-body")?.querySelector("button");
    if (event.key !== "Enter" || !button) return;
    event.preventDefault();
    button.click();
  });
  // What edits sites is no part of an address that composes a run.
  let runs = false;
  form.addEventListener("submit", (event) => (runs = (event.submitter?.formMethod || form.method) === "get"));
  form.addEventListener("formdata", (event) => runs && ["new_client", "no_client", "tags", "new_tag"].forEach((name) => event.formData.delete(name)));
  addEventListener("pageshow", show);
  show();
}
