// `node build.js` makes dist/: the page, its style and its modules, with the version written into the page.
// VERSION names it; nothing is downloaded or minified.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const version = process.env.VERSION || "development";
if (!/^[\w.+-]+$/.test(version)) {
  console.error(`VERSION must be letters, digits and . _ + - only, not \`${version}\``);
  process.exit(1);
}

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
cpSync("public", "dist", { recursive: true });
cpSync("src", "dist", { recursive: true });
const page = readFileSync("dist/index.html", "utf8");
writeFileSync("dist/index.html", page.replaceAll("__VERSION__", version));
console.log(`built dist/ for version ${version}`);
