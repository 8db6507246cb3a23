// Turns an answer's JSON into a tree that opens on demand. The text itself stays in the page: it is what is parsed, and what is
// shown without scripts. What a site answered is only ever put in as text.

const plain = /^[A-Za-z_][A-Za-z0-9_]*$/;
const most = 200; // children shown at a time
const mostFound = 500;
const deepest = 100; // levels; what lies deeper is shown as text only

// Exact is a number that the browser's own would change: too large, too precise, or written in another way.
class Exact {
  constructor(source) {
    this.source = source;
  }
  toString() {
    return this.source;
  }
}

function parse(text) {
  try {
    return JSON.parse(text, (_, value, at) => (typeof value === "number" && at && at.source !== String(value) ? new Exact(at.source) : value));
  } catch {
    return JSON.parse(text); // too deep to look at each number; what is no JSON throws again
  }
}

const opens = (value) => value !== null && typeof value === "object" && !(value instanceof Exact);
const size = (value) => (Array.isArray(value) ? value.length : Object.keys(value).length);

function step(path, key) {
  if (typeof key === "number") return `${path || "."}[${key}]`;
  return plain.test(key) ? `${path}.${key}` : `${path || "."}[${JSON.stringify(key)}]`;
}

function entries(value) {
  return Array.isArray(value) ? value.map((each, i) => [i, each]) : Object.entries(value);
}

function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function head(key, value) {
  const row = element("span", "json-row");
  if (key !== undefined) row.append(element("span", "json-key", String(key)), ": ");
  if (opens(value)) {
    row.append(element("span", "json-count", Array.isArray(value) ? `[${size(value)}]` : `{${size(value)}}`));
  } else if (value instanceof Exact) {
    row.append(element("span", "json-number", value.source));
  } else {
    row.append(element("span", `json-${value === null ? "null" : typeof value}`, JSON.stringify(value)));
  }
  return row;
}

// item is a line with its button beside it: a button inside a summary could not be reached by everyone.
function item(className, line, path) {
  const whole = element("div", `json-item ${className}`);
  const copy = element("button", "json-copy", "Copy path");
  copy.type = "button";
  copy.title = path || ".";
  copy.addEventListener("click", () => {
    navigator.clipboard?.writeText(path || ".").then(() => {
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy path"), 900);
    });
  });
  whole.append(line, copy);
  return whole;
}

function node(key, value, path, level = 0) {
  if (!opens(value)) {
    const leaf = item("json-leaf", head(key, value), path);
    leaf.dataset.path = path;
    return leaf;
  }
  const details = element("details", "json-node");
  const whole = item("", details, path);
  details.dataset.path = path;
  const summary = element("summary");
  summary.append(head(key, value));
  details.append(summary);
  details.fill = () => {
    details.fill = () => {};
    const inside = element("div", "json-inside");
    details.append(inside);
    if (level >= deepest) {
      inside.append(element("span", "hint", "Nested too deeply to show here. View it as text."));
      return;
    }
    const all = entries(value);
    let shown = 0;
    const more = (until) => {
      for (; shown < Math.min(until, all.length); shown++) {
        const [name, child] = all[shown];
        inside.append(node(name, child, step(path, name), level + 1));
      }
      if (shown < all.length) {
        const button = element("button", "json-more", `Show ${all.length - shown} more`);
        button.type = "button";
        button.addEventListener("click", () => {
          button.remove();
          more(shown + most);
        });
        inside.append(button);
      }
    };
    details.upTo = (index) => {
      if (index < shown) return;
      inside.querySelector(":scope > .json-more")?.remove();
      more(index + 1);
    };
    more(most);
  };
  details.addEventListener("toggle", () => details.open && details.fill());
  whole.details = details;
  return whole;
}

// find lists the ways to what holds the words, in a key or a value.
function find(value, words, way = [], found = []) {
  for (const [key, child] of entries(value)) {
    if (found.length >= mostFound) break;
    const inner = opens(child);
    if (String(key).toLowerCase().includes(words) || (!inner && String(child).toLowerCase().includes(words))) found.push([...way, key]);
    if (inner && way.length < deepest - 1) find(child, words, [...way, key], found);
  }
  return found;
}

function reveal(root, value, way) {
  let at = root;
  let inside = value;
  for (const key of way) {
    const { details } = at;
    details.open = true;
    details.fill();
    const index = entries(inside).findIndex(([name]) => name === key);
    details.upTo(index);
    at = details.querySelector(":scope > .json-inside").children[index];
    inside = inside[key];
  }
  return at;
}

function view(text) {
  let value;
  try {
    value = parse(text.textContent);
  } catch {
    return; // it was cut, or is no JSON: the text stays
  }
  if (!opens(value)) return;
  const box = element("div", "json-view");
  const bar = element("div", "json-bar");
  const search = element("input", "control");
  search.type = "search";
  search.placeholder = "Find a key or a value";
  search.setAttribute("aria-label", "Find in the response");
  const said = element("span", "hint");
  said.setAttribute("role", "status");
  const asText = element("button", "btn", "View as text");
  asText.type = "button";
  asText.dataset.variant = "ghost";
  asText.dataset.size = "sm";
  const tree = element("div", "json-tree code");
  tree.tabIndex = 0;
  const root = node(undefined, value, "");
  root.details.open = true;
  root.details.fill();
  tree.append(root);
  bar.append(search, said, asText);
  box.append(bar, tree);
  text.before(box);
  text.hidden = true;
  asText.addEventListener("click", () => {
    tree.hidden = text.hidden;
    text.hidden = !text.hidden;
    tree.hidden = !text.hidden;
    asText.textContent = text.hidden ? "View as text" : "View as tree";
  });

  let found = [];
  let current = -1;
  const show = (to) => {
    tree.querySelector(".json-found")?.classList.remove("json-found");
    if (found.length === 0) return;
    current = (to + found.length) % found.length;
    const at = reveal(root, value, found[current]);
    at.classList.add("json-found");
    at.scrollIntoView({ block: "nearest" });
    said.textContent = `${current + 1} of ${found.length}${found.length === mostFound ? " or more" : ""}`;
  };
  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const words = search.value.trim().toLowerCase();
      found = words ? find(value, words) : [];
      said.textContent = words && found.length === 0 ? "No matches" : "";
      show(0);
    }, 150);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    show(current + (event.shiftKey ? -1 : 1));
  });
}

for (const text of document.querySelectorAll("[data-json]")) {
  view(text);
  text.dataset.json = "seen"; // a long one was kept from the screen until now
}
