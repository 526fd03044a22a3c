"use strict";
// plotly.js brings a table of country names in many spellings for `locationmode: "country names"`; the site speaks
// ISO-3 codes only, so the table (68 kB) stays out and no name is ever found.
exports.COUNTRIES = [];
exports.createLookup = function () {
    return { lookupAlpha3: function () { return undefined; } };
};
