"use strict";
// What the site draws: lines and points (scatter is part of the core), the world map, and the heatmap of later pages.
var Plotly = require("plotly.js/lib/core");
Plotly.register([require("plotly.js/lib/bar"), require("plotly.js/lib/scattergeo"), require("plotly.js/lib/choropleth")]);
module.exports = Plotly;
