"use strict";
// What the site draws with it: lines, shapes, notes and what is said at a point. All else is drawn by the server.
// This is plotly.js/src/core.js with the components that the figures use; nothing else is registered.
var Registry = require("plotly.js/src/registry");
var api = require("plotly.js/src/plot_api");

require("native-promise-only");
require("plotly.js/build/plotcss");

exports.version = require("plotly.js/src/version").version;
exports.register = Registry.register;
Object.keys(api).forEach(function (name) {
  if (name.charAt(0) !== "_") exports[name] = api[name];
  Registry.register({ moduleType: "apiMethod", name: name, fn: api[name] });
});
Registry.register([
  require("plotly.js/src/traces/scatter"),
  require("plotly.js/src/components/annotations"),
  require("plotly.js/src/components/selections"),
  require("plotly.js/src/components/shapes"),
  require("plotly.js/src/components/colorscale"),
  require("plotly.js/src/components/legend"), // after shapes
  require("plotly.js/src/components/fx"), // after legend
  require("plotly.js/src/components/modebar"),
  require("plotly.js/src/locale-en"),
  require("plotly.js/src/locale-en-us"),
]);
if (window.PlotlyLocales && Array.isArray(window.PlotlyLocales)) Registry.register(window.PlotlyLocales);

exports.Icons = require("plotly.js/src/fonts/ploticon");
var Plots = require("plotly.js/src/plots/plots");
exports.Plots = { resize: Plots.resize, graphJson: Plots.graphJson };
var Fx = require("plotly.js/src/components/fx");
exports.Fx = { hover: Fx.hover, unhover: Fx.unhover, loneHover: Fx.loneHover, loneUnhover: Fx.loneUnhover };
exports.Snapshot = require("plotly.js/src/snapshot");
exports.PlotSchema = require("plotly.js/src/plot_api/plot_schema");
