"use strict";
// What the site draws with it: lines and points (scatter is part of the core) and bars. Maps are drawn by the server.
var Plotly = require("plotly.js/lib/core");
Plotly.register([require("plotly.js/lib/bar")]);
module.exports = Plotly;
