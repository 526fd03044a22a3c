// Makes assets/vendor/regenerator.min.js from npm regenerator-runtime: all that Dash needs of the polyfill that it would
// load, a script eleven times as large for browsers that cannot run the rest of the site either.

import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const from = dirname(createRequire(import.meta.url).resolve("regenerator-runtime/package.json"));
const version = JSON.parse(readFileSync(`${from}/package.json`, "utf8")).version;
const licence = readFileSync(`${from}/LICENSE`, "utf8").trim().split("\n").map((line) => ` * ${line}`.trimEnd()).join("\n");

await build({
  entryPoints: [`${from}/runtime.js`], minify: true, format: "iife", target: "es2018", legalComments: "none",
  outfile: fileURLToPath(new URL("../../assets/vendor/regenerator.min.js", import.meta.url)),
  banner: { js: `/*!\n * regenerator-runtime v${version}\n${licence}\n */` },
});
