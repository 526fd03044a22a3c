// Makes assets/fonts/*.woff2 and assets/fonts.css from npm @fontsource-variable/inter (SIL Open Font License 1.1).
// Of its weights those are kept that the style sheets ask for, of its features those that are used: a third less to load.
// The fallback is Arial, or what stands for it, stretched to Inter's measures, so that nothing moves when Inter arrives.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import subsetFont from "subset-font";

const root = fileURLToPath(new URL("../../", import.meta.url));
const from = dirname(createRequire(import.meta.url).resolve("@fontsource-variable/inter/package.json"));
const version = JSON.parse(readFileSync(`${from}/package.json`, "utf8")).version;
mkdirSync(`${root}assets/fonts`, { recursive: true });
copyFileSync(`${from}/LICENSE`, `${root}assets/fonts/OFL.txt`);

const css = readFileSync(`${from}/wght.css`, "utf8");
const [lightest, boldest] = [400, 680];
const keepFeatures = ["calt", "ccmp", "kern", "locl", "mark", "mkmk", "tnum"];
const faces = [];
for (const subset of ["latin-ext", "latin"]) {
  const font = await subsetFont(readFileSync(`${from}/files/inter-${subset}-wght-normal.woff2`), "", {
    targetFormat: "woff2", keepAllGlyphs: true, noHinting: true, keepFeatures, preserveNameIds: [0, 7, 13, 14],
    variationAxes: { wght: { min: lightest, max: boldest, default: lightest } },
  });
  writeFileSync(`${root}assets/fonts/inter-${subset}.woff2`, font);
  const range = css.split(`/* inter-${subset}-wght-normal */`)[1].match(/unicode-range: ([^;]+);/)[1];
  faces.push(`@font-face {
  font-family: "Inter Variable"; font-style: normal; font-weight: ${lightest} ${boldest}; font-display: optional;
  src: url(/assets/fonts/inter-${subset}.woff2) format("woff2");
  unicode-range: ${range};
}`);
}
// Inter: 2048 units, ascent 1984, descent 494; its text runs SIZE times as wide as Arial's (measured in a browser).
const SIZE = 1.067;
const percent = (x) => `${(100 * x).toFixed(2)}%`;
faces.push(`@font-face {
  font-family: "Inter Fallback"; src: local("Arial"), local("Liberation Sans"), local("Helvetica");
  size-adjust: ${percent(SIZE)}; ascent-override: ${percent(1984 / 2048 / SIZE)}; descent-override: ${percent(494 / 2048 / SIZE)}; line-gap-override: 0%;
}`);
writeFileSync(`${root}assets/fonts.css`, `/* Inter ${version}, SIL Open Font License 1.1 (assets/fonts/OFL.txt). Made by scripts/assets/build_fonts.mjs.
   Use: font-family: "Inter Variable", "Inter Fallback", system-ui, sans-serif; preload /assets/fonts/inter-latin.woff2 */
${faces.join("\n")}\n`);
