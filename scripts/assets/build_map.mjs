// Makes the world map: radar/data/world_map.json, finished SVG paths in Equal Earth, read by radar/figures/worldmap.py.
// From: Natural Earth 1:50m by way of npm world-atlas 2.0.2 (public domain; ISC for the packaging).
// Shapes are simplified to what 960 px can show. Territories that the file draws as part of another country and that
// have ISO codes of their own are split off; places without a shape become dots at coordinates written down here.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { geoArea, geoCentroid, geoEqualEarth, geoPath } from "d3-geo";
import polylabel from "polylabel";
import { feature, quantize } from "topojson-client";
import { filter, filterAttachedWeight, presimplify, simplify, sphericalRingArea, sphericalTriangleArea } from "topojson-simplify";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const WIDTH = 9600; // user units; one is a tenth of a pixel on a 960 px map
const ROTATE = 11; // degrees east in the middle, so that the edge runs through the Bering Strait and not through Russia
const LON = [ROTATE - 180, ROTATE + 180];
const LAT = [-52, 84]; // corners of the box: its edges are great circles, so it reaches to 61 degrees south; Antarctica is cropped
const PIXEL = 4 * Math.PI / (960 * 400 * 1.3); // steradians of about one pixel
const DETAIL = 0.6 * PIXEL; // triangles smaller than this are dropped
const SPECK = 1.6 * PIXEL; // islands smaller than this are dropped, unless they are all there is of a country
const SMALL = 9; // square pixels on a 960 px map; a country smaller than this also gets a dot

// Parts of one country's shape that have a code of their own: [owner, lon/lat box, new code].
// Crimea is drawn by Natural Earth with Russia; ISO 3166-2 (UA-43) and UN resolution 68/262 say Ukraine, so it is
// drawn there, with the line dashed.
const PARTS = [
  ["250", [-55, 2, -51, 6], "254"], ["250", [-61.9, 15.8, -61, 16.6], "312"], ["250", [-61.3, 14.3, -60.7, 15], "474"],
  ["250", [55, -21.5, 56, -20.7], "638"], ["250", [45, -13.1, 45.3, -12.5], "175"],
  ["528", [-68.5, 12, -68.1, 12.4], "535"], ["528", [-63.4, 17.4, -62.9, 17.7], "535"],
  ["578", [-9.5, 70, -7.5, 71.5], "744"], ["578", [10, 74, 34, 81], "744"],
  ["554", [-173, -10, -171, -8], "772"], ["643", [32.4, 44.3, 36.6, 46.3], "804"],
  ["Indian Ocean Ter.", [105, -11, 106, -10], "162"], ["Indian Ocean Ter.", [96, -13, 97, -12], "166"],
];
// No shape at this scale: positions by hand. Antarctica's dot stands at the lower edge of the map.
const BY_HAND = { GI: [-5.35, 36.14], TV: [179.2, -8.52], BV: [3.36, -54.42], UM: [166.65, 19.28], AQ: [-64, -57.2] };
// Shapes without an ISO code: drawn, named, and without a state of their own.
const NEUTRAL = { "Somaliland": "XSL", "N. Cyprus": "XNC", "Siachen Glacier": "XSG" };
const DISPUTED = [["732", "504"], ["Kosovo", "688"], ["Somaliland", "706"], ["N. Cyprus", "196"], ["356", "586"], ["356", "156"],
  ["376", "275"], ["Siachen Glacier", "*"], ["CRIMEA", "804"]];

const require = createRequire(import.meta.url);
const atlas = JSON.parse(readFileSync(require.resolve("world-atlas/countries-50m.json"), "utf8"));
const rows = readFileSync(ROOT + "radar/data/countries.csv", "utf8").split("\n").filter((l) => l && !l.startsWith("#"));
const columns = rows[0].split(",");
const countries = rows.slice(1).map((line) => {
  const cells = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g).map((c) => c.replace(/,$/, "").replace(/^"|"$/g, ""));
  return Object.fromEntries(columns.map((c, i) => [c, cells[i]]));
});
const byNumeric = new Map(countries.filter((c) => c.numeric).map((c) => [c.numeric.padStart(3, "0"), c]));
const byAlpha3 = new Map(countries.map((c) => [c.alpha3, c]));

// 1. One list of polygons (as arcs) per place.
const places = new Map(); // numeric code, or the name where there is none -> polygons
for (const g of atlas.objects.countries.geometries) {
  const key = g.id && byNumeric.has(g.id) ? g.id : g.properties.name;
  const polygons = g.type === "Polygon" ? [g.arcs] : g.arcs;
  places.set(key, [...(places.get(key) ?? []), ...polygons]);
}
const pointOf = (polygon) => feature(atlas, { type: "Polygon", arcs: polygon }).geometry.coordinates[0];
let crimea = [];
for (const [owner, [west, south, east, north], code] of PARTS) {
  const keep = [];
  for (const polygon of places.get(owner)) {
    const inside = pointOf(polygon).every(([x, y]) => x >= west && x <= east && y >= south && y <= north);
    if (!inside) keep.push(polygon);
    else {
      if (owner === "643") crimea.push(polygon);
      places.set(code, [...(places.get(code) ?? []), polygon]);
    }
  }
  if (keep.length === places.get(owner).length) throw new Error(`nothing of ${owner} lies in the box of ${code}`);
  places.set(owner, keep);
}
places.delete("Indian Ocean Ter.");
places.delete("010"); // Antarctica

const idOf = (key) => NEUTRAL[key] ?? (key === "Kosovo" ? "XKX" : byNumeric.get(key)?.alpha3);
const geometries = [];
for (const [key, polygons] of places) {
  if (!idOf(key)) { console.warn("no code for", key, "- left out"); continue; }
  if (polygons.length) geometries.push({ type: "MultiPolygon", id: idOf(key), key, arcs: polygons });
}
const lines = DISPUTED.map(([a, b]) => {
  const arcs = (key) => new Set((key === "CRIMEA" ? crimea : places.get(key)).flat(2).map((i) => (i < 0 ? ~i : i)));
  const one = arcs(a);
  const other = b === "*" ? one : key804(b, arcs);
  const shared = [...one].filter((i) => other.has(i));
  if (!shared.length) throw new Error(`${a} and ${b} share no border`);
  return { type: "MultiLineString", arcs: shared.map((i) => [i]) };
});
function key804(key, arcs) { // Ukraine without Crimea, whose arcs were added to it above
  if (key !== "804") return arcs(key);
  return new Set(places.get("804").filter((p) => !crimea.includes(p)).flat(2).map((i) => (i < 0 ? ~i : i)));
}

// 2. Simplify the shared arcs once, so that neighbours still fit; drop specks, but never the last one of a place.
let topology = { ...atlas, objects: { countries: { type: "GeometryCollection", geometries }, disputed: { type: "GeometryCollection", geometries: lines } } };
topology = simplify(presimplify(topology, sphericalTriangleArea), DETAIL);
const attached = filterAttachedWeight(topology, SPECK, sphericalRingArea);
const area = (ring) => Math.abs(geoArea({ type: "Polygon", coordinates: [ring] }));
for (const g of topology.objects.countries.geometries) {
  const shapes = g.arcs.map((polygon) => feature(topology, { type: "Polygon", arcs: polygon }).geometry.coordinates);
  const sizes = shapes.map((rings) => Math.min(area(rings[0]), area([...rings[0]].reverse())));
  const largest = sizes.indexOf(Math.max(...sizes));
  g.arcs = g.arcs.filter((polygon, i) => i === largest || sizes[i] > SPECK || (sizes[i] > PIXEL / 20 && attached(polygon[0], false)));
}
topology = filter(topology, () => true); // drops unused arcs
topology = quantize(topology, 4e4);

// 3. Project so that these ranges fill the box.
const PAD = 1e-3;
const [w, e, s, n] = [LON[0] + PAD, LON[1] - PAD, LAT[0] + PAD, LAT[1] - PAD];
const q = (e - w) / 4;
const box = { type: "Polygon", coordinates: [[[w, s], [w, n], [w + q, n], [w + 2 * q, n], [w + 3 * q, n], [e, n], [e, s], [e - q, s], [e - 2 * q, s], [e - 3 * q, s], [w, s]]] };
const projection = geoEqualEarth().rotate([-ROTATE, 0]).precision(0.1);
projection.fitWidth(WIDTH, box);
const bounds = geoPath(projection).bounds(box);
const height = Math.round(bounds[1][1] - bounds[0][1]);
const middle = projection.invert([(bounds[0][0] + bounds[1][0]) / 2, (bounds[0][1] + bounds[1][1]) / 2]);
projection.clipExtent([[0, 0], [WIDTH, height]]).precision(1.5);
const path = geoPath(projection);

function rings(geometry) { // projected rings, cut at the edge of the map, in whole units
  const out = [];
  let ring = null;
  path.context({
    beginPath() {}, arc() {},
    moveTo(x, y) { ring = [[Math.round(x), Math.round(y)]]; out.push(ring); },
    lineTo(x, y) { const p = [Math.round(x), Math.round(y)], last = ring.at(-1); if (p[0] !== last[0] || p[1] !== last[1]) ring.push(p); },
    closePath() { ring.closed = true; },
  })(geometry);
  path.context(null);
  return out;
}
function compact(list, minimum) {
  let d = "", cx = 0, cy = 0;
  for (const ring of list) {
    const points = ring.closed && ring.length > 1 && String(ring[0]) === String(ring.at(-1)) ? ring.slice(0, -1) : ring;
    if (points.length < minimum) continue;
    d += "m";
    let first = true;
    for (const [x, y] of points) {
      const dx = x - cx, dy = y - cy;
      d += (first || dx < 0 ? "" : " ") + dx + (dy < 0 ? "" : " ") + dy;
      [cx, cy, first] = [x, y, false];
    }
    if (ring.closed) { d += "z"; [cx, cy] = points[0]; }
  }
  return d;
}
const flat = (ring) => Math.abs(ring.reduce((sum, [x, y], i) => { const [u, v] = ring[(i + 1) % ring.length]; return sum + x * v - u * y; }, 0) / 2);
const round = (x, k = 100) => Math.round(x * k) / k;

const shapes = {}, neutral = [];
for (const g of topology.objects.countries.geometries) {
  const geometry = feature(topology, g).geometry;
  const projected = rings(geometry).filter((r) => r.length > 2);
  const pixels = projected.reduce((sum, r) => sum + flat(r), 0) / 100;
  const largest = projected.reduce((a, b) => (flat(a) > flat(b) ? a : b), projected[0]);
  const centre = largest && pixels >= SMALL ? polylabel([largest], 5).slice(0, 2) : projection(geoCentroid(geometry));
  const [lon, lat] = projection.invert(centre);
  const entry = { d: compact(projected, 3), at: centre.map(Math.round), lonlat: [round(lon), round(lat)], dot: pixels < SMALL };
  if (pixels < 1.2) entry.d = ""; // a speck: the dot stands for it
  if (byAlpha3.has(g.id)) shapes[byAlpha3.get(g.id).alpha2] = entry;
  else neutral.push({ id: g.id, name: { XSL: "Somaliland", XNC: "Northern Cyprus", XSG: "Siachen Glacier" }[g.id], ...entry });
  delete g.key;
}
for (const { alpha2 } of countries) {
  if (shapes[alpha2]) continue;
  if (!BY_HAND[alpha2]) throw new Error(`no shape and no position for ${alpha2}`);
  const [lon, lat] = BY_HAND[alpha2];
  shapes[alpha2] = { d: "", at: projection([lon, lat]).map(Math.round), lonlat: [lon, lat], dot: true };
}
const disputed = topology.objects.disputed.geometries.map((g) => feature(topology, g).geometry);

const map = {
  source: "Natural Earth 1:50m (public domain), by way of world-atlas 2.0.2; simplified. Made by scripts/assets/build_map.mjs",
  licence: "public domain", date: "2026-11",
  width: WIDTH, height,
  countries: Object.fromEntries(Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1))),
  neutral, disputed: { d: compact(disputed.flatMap((g) => rings(g)), 2) },
};
writeFileSync(ROOT + "radar/data/world_map.json", JSON.stringify(map).replaceAll('},"', '},\n"') + "\n");

console.log({ height, center: middle[1], countries: Object.keys(shapes).length, dots: Object.values(shapes).filter((c) => c.dot).length,
  dotOnly: Object.entries(shapes).filter(([, c]) => !c.d).map(([k]) => k).join(" "), neutral: neutral.map((x) => x.id), paths: Object.values(shapes).reduce((a, c) => a + c.d.length, 0) });
