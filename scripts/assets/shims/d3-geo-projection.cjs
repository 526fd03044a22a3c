"use strict";
// A hundred rare projections (64 kB). Equal Earth, ours, is in d3-geo itself.
