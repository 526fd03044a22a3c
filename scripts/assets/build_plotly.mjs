// Makes assets/vendor/plotly-radar.min.js from npm plotly.js 4.1.1: core and scatter.
// Left out: texts that only describe attributes, the table of country names, rare projections, most colour spaces, the
// parts of d3 that nothing here asks for, and the components that plotly_entry.cjs does not name.

import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { createRequire } from "node:module";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const out = here("../../assets/vendor/plotly-radar.min.js");
const version = createRequire(import.meta.url)("plotly.js/package.json").version;
mkdirSync(here("../../assets/vendor"), { recursive: true });

const alias = {
  "country-iso-search": here("shims/country-iso-search.cjs"),
  "d3-geo-projection": here("shims/d3-geo-projection.cjs"),
  culori: here("shims/culori.mjs"),
};
// d3 is written in parts that import each other by file; one closure is made of those that are asked for.
const d3 = (() => {
  const root = here("node_modules/@plotly/d3/src/");
  const seen = new Set();
  const add = (file) => {
    if (seen.has(file)) return "";
    seen.add(file);
    const base = file.slice(0, file.lastIndexOf("/") + 1);
    return readFileSync(root + file, "utf8").replace(/^import "([^"]+)";$/gm, (_, name) => {
      const path = new URL(name.endsWith("/") ? `${name}index.js` : `${name}.js`, `file:///${base}`).pathname.slice(1);
      return add(path);
    });
  };
  const asked = ["arrays/extent", "arrays/max", "arrays/min", "behavior/drag", "event/", "format/", "interpolate/ease",
    "math/", "scale/linear", "selection/", "transition/"];
  return ["start.js", ...asked.map((name) => (name.endsWith("/") ? `${name}index.js` : `${name}.js`)), "end.js"].map(add).join("\n");
})();
const slim = {
  name: "slim",
  setup(b) {
    b.onResolve({ filter: /^(country-iso-search|d3-geo-projection|culori)$/ }, (a) => ({ path: alias[a.path] }));
    b.onLoad({ filter: /@plotly\/d3\/d3\.js$/ }, () => ({ contents: d3, loader: "js" }));
    b.onLoad({ filter: /plotly\.js\/src\/.*\.js$/ }, (a) => {
      const text = readFileSync(a.path, "utf8")
        .replace(/^\s*description: '(?:[^'\\\n]|\\.)*',?$/gm, "")
        .replace(/^\s*description:\s*\[[^\[\]]*?\]\s*\.join\('[^']*'\),?$/gm, "")
        .replace(/^\s*description:\s*\n\s*'(?:[^'\\\n]|\\.)*',?$/gm, "");
      return { contents: text, loader: "js" };
    });
  },
};

const result = await build({
  entryPoints: [here("plotly_entry.cjs")], outfile: out, bundle: true, minify: true, metafile: true,
  format: "iife", globalName: "Plotly", target: "es2018", legalComments: "none", logLevel: "warning",
  define: { global: "window", "define.amd": "false" },
  loader: { ".css": "empty" }, // only maplibre's, which is not drawn with
  plugins: [slim],
  banner: { js: `/*!\n * plotly.js v${version}, partial bundle of the Internet Radar project: core, scatter\n * Copyright 2012-2026, Plotly, Inc.\n * Licensed under the MIT license; parts: see plotly-radar.LICENSES.txt\n */` },
});
if (process.env.METAFILE) {
  const inputs = Object.values(result.metafile.outputs).flatMap((o) => Object.entries(o.inputs));
  for (const [name, { bytesInOutput }] of inputs.sort((a, b) => b[1].bytesInOutput - a[1].bytesInOutput).slice(0, 40)) console.log(bytesInOutput, name);
}

// Every package whose code is in the bundle, with its licence in full.
const packages = new Map();
for (const output of Object.values(result.metafile.outputs)) {
  for (const [name, { bytesInOutput }] of Object.entries(output.inputs)) {
    const match = name.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
    if (!match || !bytesInOutput || name.endsWith(".css")) continue; // style sheets are left out
    const { name: title, version: number, license, author } = JSON.parse(readFileSync(`${match[1]}/package.json`, "utf8"));
    packages.set(`${title} ${number}`, { license, author: author?.name ?? author, folder: match[1] });
  }
}
const texts = [...packages].sort().map(([title, { license, author, folder }]) => {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const text = file && existsSync(`${folder}/${file}`) ? readFileSync(`${folder}/${file}`, "utf8").trim() : `Copyright ${author}. The package brings no licence file and names the licence above in its package.json;\nits text is the same as under the other packages of that licence.`;
  return `${"=".repeat(78)}\n${title} - ${typeof license === "string" ? license : license?.type}\n${"=".repeat(78)}\n${text}\n`;
});
writeFileSync(here("../../assets/vendor/plotly-radar.LICENSES.txt"), `Code in plotly-radar.min.js\n\n${texts.join("\n")}`);
console.log([...packages].sort().map(([title, { license }]) => `${title} (${typeof license === "string" ? license : license?.type})`).join(", "));

const bytes = readFileSync(out);
console.log({ raw: statSync(out).size, gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } }).length });
