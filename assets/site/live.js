/* Charts become live (Plotly in the place of the server's drawing) when they are near the screen, pointed at, touched or
   focused; one at a time, so that scrolling stays smooth. The stretch of time and the crosshair of one are those of all:
   a chart that becomes live later takes the stretch that the others show. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { root, find, all, idle, mount, painted, prop } = page;
  if (!mount) return;

  const DRAWN = ".scatterlayer .trace, .barlayer .trace";
  const NEAR = "200px 0px";
  const PATIENCE = 15000;  /* ms for which the next chart waits for one that does not come */
  const live = () => all(".ts-box[data-live] .js-plotly-plot", mount);
  const still = () => all(".drawing[data-drawing]:not([data-live])", mount);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    radar: {
      /* ``given``: the component that the server has described, or its address; it is made when the chart is wanted. */
      async live(given, wanted) {
        const { no_update: nothing, callback_context: context } = window.dash_clientside;
        if (!given || !wanted) return nothing;
        let graph;
        try {
          graph = typeof given === "string" ? await page.graphAt(given) : given;
        } catch (e) {
          const { index } = context.outputs_list.id;
          release([...waiting.keys()].find((drawing) => drawing.dataset.drawing === index));  /* the server's drawing stays; the next sign of a reader asks again */
          return nothing;
        }
        let figure = painted(graph.props.figure);
        const plot = find(`.ts-box[data-drawing="${CSS.escape(graph.props.id.index)}"] .js-plotly-plot`, mount);
        if (plot && plot.radarWhole) {
          plot.radarWhole = page.wholeOf(figure.layout, plot);
          if (shown) figure = page.partOf(figure, plot.radarWhole, shown["xaxis.range"]);
        }
        return { ...graph, props: { ...graph.props, figure } };
      },
    },
  });

  /* One stretch, one crosshair --------------------------------------------------------------------------------- */

  let shown = null;  /* the range that all charts show; null: each its whole */

  function follow(other, change) {
    other.radarFollows = true;
    return window.Plotly.relayout(other, change).finally(() => { other.radarFollows = false; });
  }

  /* All charts show this stretch; null: each its whole. */
  function stretch(range) {
    shown = range && { "xaxis.range": range };
    for (const plot of live()) if (plot.radarWhole) follow(plot, { "xaxis.range": (range || plot.radarWhole.range).slice() });
  }

  function wire(plot) {
    if (plot.radarWired || !plot.on) return;
    plot.radarWired = true;
    const others = () => live().filter((other) => other !== plot);
    plot.on("plotly_relayout", (change) => {
      if (plot.radarFollows) return;
      const chosen = change["xaxis.range"] || [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      const whole = change["xaxis.autorange"] ? { "xaxis.autorange": true } : null;
      const range = chosen[0] === undefined ? whole : { "xaxis.range": chosen };
      if (!range) return;
      shown = whole || page.isWhole(plot) ? null : range;
      for (const other of others()) follow(other, range);
    });
    plot.on("plotly_hover", (event) => {
      if (plot.radarFollows || !event.event) return;
      for (const other of others()) {
        other.radarFollows = true;
        try { window.Plotly.Fx.hover(other, { xval: +new Date(event.points[0].x) }); } catch (e) { /* nothing there */ }
        other.radarFollows = false;
      }
    });
    plot.on("plotly_unhover", () => others().forEach((other) => window.Plotly.Fx.unhover(other)));
  }

  /* One at a time ---------------------------------------------------------------------------------------------- */

  let queue = [];
  let running = false;
  let asked = 0;
  let everything = false;
  const waiting = new Map();  /* drawing: what to call when it is live */

  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) want(target);
      else if (!everything) queue = queue.filter((one) => one !== target);
    }
  }, { rootMargin: NEAR });

  async function run() {
    if (running) return;
    running = true;
    while (queue.length) {
      if (live().length) await idle(500);  /* the first one is waited for */
      if (!await page.withPlotly()) { queue = []; break; }
      const drawing = queue.shift();
      if (!drawing || !drawing.isConnected || "live" in drawing.dataset) continue;
      const done = new Promise((resolve) => {
        const late = setTimeout(() => release(drawing), PATIENCE);
        waiting.set(drawing, () => { clearTimeout(late); resolve(); });
      });
      prop({ type: "wanted", index: drawing.dataset.drawing }, { data: ++asked });
      await done;
    }
    running = false;
  }

  /* No longer wait for a drawing. */
  function release(drawing) {
    const done = waiting.get(drawing);
    waiting.delete(drawing);
    if (done) done();
  }

  /* Make a drawing live; ``first``: before the others. */
  function want(drawing, first) {
    if (!drawing || "live" in drawing.dataset || !mount.contains(drawing)) return;
    if (first) queue = [drawing, ...queue.filter((one) => one !== drawing)];
    else if (!queue.includes(drawing)) queue.push(drawing);
    run();
  }

  function settle() {
    /* what a newer publication has taken away is waited for by nobody, and kept by nothing */
    for (const drawing of [...waiting.keys()]) if (!drawing.isConnected) release(drawing);
    queue = queue.filter((drawing) => drawing.isConnected);
    for (const drawing of still()) {
      const plot = find(".js-plotly-plot", drawing);
      if (plot && find(DRAWN, plot)) {
        wire(plot);
        near.unobserve(drawing);
        drawing.dataset.live = "";
        /* after those who note the range of the whole */
        if (shown && drawing.matches(".ts-box")) setTimeout(() => { if (shown) follow(plot, shown); });
        release(drawing);
      } else if (everything) {
        want(drawing);
      } else if (!drawing.radarWatched) {
        drawing.radarWatched = true;
        near.observe(drawing);
      }
    }
    /* A newer publication has taken a chart's place: its drawing is shown until it is live again. */
    for (const drawing of all(".drawing[data-live]", mount)) {
      if (find(".js-plotly-plot", drawing)) continue;
      delete drawing.dataset.live;
      near.observe(drawing);
    }
  }

  document.addEventListener("radar-drawn", settle);
  /* For tests, and for whoever wants every chart at once. */
  document.addEventListener("radar-live-all", () => { everything = true; if (root.classList.contains("taken")) settle(); });
  for (const sign of ["pointerover", "touchstart", "focusin"]) {
    document.addEventListener(sign, (event) => {
      const drawing = event.target.closest && event.target.closest(".drawing[data-drawing]:not([data-live])");
      if (drawing) want(drawing, true);
    }, { passive: true });
  }

  Object.assign(page, { live, want, stretch, isWhole: () => false });
})();
