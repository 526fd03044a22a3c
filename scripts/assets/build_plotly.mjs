// Makes assets/vendor/plotly-radar.min.js from npm plotly.js 4.1.1: core, scatter, bar, choropleth and scattergeo.
// Left out: texts that only describe attributes, the table of country names, rare projections, most colour spaces.

import { build } from "esbuild";
import { mkdirSync, readFileSync, statSync } from "node:fs";
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
const slim = {
  name: "slim",
  setup(b) {
    b.onResolve({ filter: /^(country-iso-search|d3-geo-projection|culori)$/ }, (a) => ({ path: alias[a.path] }));
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
  banner: { js: `/*!\n * plotly.js v${version}, partial bundle of the Internet Radar project: core, scatter, bar, choropleth, scattergeo\n * Copyright 2012-2026, Plotly, Inc.\n * Licensed under the MIT license; parts: see THIRD_PARTY.md\n */` },
});
if (process.env.METAFILE) {
  const inputs = Object.values(result.metafile.outputs).flatMap((o) => Object.entries(o.inputs));
  for (const [name, { bytesInOutput }] of inputs.sort((a, b) => b[1].bytesInOutput - a[1].bytesInOutput).slice(0, 40)) console.log(bytesInOutput, name);
}
const bytes = readFileSync(out);
console.log({ raw: statSync(out).size, gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } }).length });
