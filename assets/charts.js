/* Charts by keyboard, in words, and in the address: arrows move through the points of all charts and say each one; a
   zoom is kept in the address, so that the link shows it again. Without this file charts still work by pointer. */
(function () {
  "use strict";

  const root = document.documentElement;
  const find = (selector, inside) => (inside || document).querySelector(selector);
  const all = (selector, inside) => Array.from((inside || document).querySelectorAll(selector));
  const fill = (text, values) => text.replace(/{(\w+)}/g, (_all, name) => values[name]);
  const plots = () => all(".ts-box[data-live] .js-plotly-plot");
  const moment = (value) => (typeof value === "number" ? value : Date.parse(`${String(value).replace(" ", "T")}Z`));
  const iso = (ms) => `${new Date(Math.round(ms / 60000) * 60000).toISOString().slice(0, 16)}:00Z`;

  /* Points ------------------------------------------------------------------------------------------------------ */

  function line(plot, name) {
    const trace = plot.data.find((one) => one.meta === name);
    if (!trace) return null;
    const start = trace.x0 === undefined ? 0 : moment(trace.x0);
    const at = trace.x ? (i) => moment(trace.x[i]) : (i) => start + i * trace.dx;
    return { at, y: Array.from(trace.y) };
  }

  /* The point that is shown: where it stands, what is written of it. */
  function words(drawing, plot, i) {
    const say = JSON.parse(drawing.dataset.say);
    const share = say.share;
    const language = root.lang === "en" ? "en-GB" : root.lang;
    const number = new Intl.NumberFormat(language, share ? { style: "percent", maximumSignificantDigits: 3 }
      : { maximumSignificantDigits: 4 });
    const write = (value) => `${number.format(value)}${share || !say.unit ? "" : ` ${say.unit}`}`;
    const value = line(plot, "value");
    const when = new Intl.DateTimeFormat(language, {
      day: "numeric", month: "long", year: "numeric", timeZone: "UTC",
      ...(say.days ? {} : { hour: "2-digit", minute: "2-digit", hour12: false }),
    }).format(new Date(value.at(i)));
    const seen = value.y[i];
    const parts = [`${when}${say.days ? "" : " UTC"}: ${seen === null ? say.none : write(seen)}`];
    for (const name of ["baseline", "threshold"]) {
      const other = line(plot, name);
      const level = other ? other.y[i] : null;
      if (level !== null && level !== undefined) parts.push(fill(say[name], { n: number.format(level) }));
    }
    const inside = say.spans.find(([from, to]) => value.at(i) >= from && (to === null || value.at(i) < to));
    if (inside) parts.push(inside[2]);
    return `${parts.join("; ")}.`;
  }

  const places = new WeakMap();

  function show(drawing, plot, i) {
    const value = line(plot, "value");
    const last = value.y.length - 1;
    const at = Math.min(Math.max(i, 0), last);
    places.set(drawing, at);
    for (const other of plots()) {
      try { window.Plotly.Fx.hover(other, { xval: value.at(at) }); } catch (e) { /* nothing of it there */ }
    }
    let box = find(".voice", drawing);
    if (!box) {
      box = document.createElement("p");
      box.className = "voice";
      box.setAttribute("aria-live", "polite");
      drawing.append(box);
    }
    box.textContent = words(drawing, plot, at);
  }

  function leave(drawing) {
    const box = find(".voice", drawing);
    if (!box) return;
    box.remove();
    for (const plot of plots()) window.Plotly.Fx.unhover(plot);
  }

  document.addEventListener("keydown", (event) => {
    const drawing = event.target.matches && event.target.matches(".ts-box[data-live][data-say]") ? event.target : null;
    if (!drawing || event.ctrlKey || event.metaKey || event.altKey) return;
    const plot = find(".js-plotly-plot", drawing);
    const value = line(plot, "value");
    if (!value || !value.y.length) return;
    const last = value.y.length - 1;
    const newest = value.y.reduce((found, one, i) => (one === null ? found : i), last);
    const at = places.has(drawing) ? places.get(drawing) : newest + 1;
    const far = Math.max(1, Math.round(last / 20));
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - far, PageDown: at + far, Home: 0, End: newest };
    if (event.key === "Escape") {
      leave(drawing);
      places.delete(drawing);
    } else if (event.key in next) {
      event.preventDefault();
      show(drawing, plot, next[event.key]);
    }
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches && event.target.matches(".ts-box[data-say]")) leave(event.target);
  });

  /* Zoom -------------------------------------------------------------------------------------------------------- */

  let whole = null;     /* the query of the page before the first zoom */

  function note(range) {
    const address = new URL(location.href);
    if (range) {
      if (whole === null) whole = address.search;
      address.searchParams.delete("range");
      address.searchParams.set("from", iso(range[0]));
      address.searchParams.set("until", iso(range[1]));
    } else if (whole !== null) {
      address.search = whole;
      whole = null;
    }
    const text = address.href.replaceAll("%3A", ":");
    if (text !== location.href) history.replaceState(history.state, "", text);
    offer(range ? text : "");
  }

  /* A way back, and one to the same stretch drawn as finely as it was measured. */
  function offer(address) {
    const box = find(".taken #react-entry-point .ranges[data-back]");
    if (!box) return;
    let zoomed = find(".zoomed", box);
    if (!address) { if (zoomed) zoomed.remove(); return; }
    if (!zoomed) {
      zoomed = document.createElement("span");
      zoomed.className = "zoomed";
      const back = document.createElement("button");
      back.type = "button";
      back.textContent = box.dataset.back;
      back.addEventListener("click", () => plots().forEach((plot) => {
        window.Plotly.relayout(plot, { "xaxis.range": plot.radarWhole.range.slice() });
      }));
      const finer = document.createElement("a");
      finer.textContent = box.dataset.finer;
      zoomed.append(back, finer);
      box.append(zoomed);
    }
    find("a", zoomed).href = address;
  }

  /* Ticks of the server are those of the whole; in a part of it Plotly's own are closer together. Dash draws its own
     copy of the figure again after each change, so the copy is what is changed. */
  function ticks(plot, back) {
    const { range, tickvals, ticktext } = plot.radarWhole;
    const { tickvals: _vals, ticktext: _text, ...axis } = plot.layout.xaxis;
    if (back === (axis.tickmode === "array")) return;
    const xaxis = back ? { ...axis, range: range.slice(), tickmode: "array", tickvals, ticktext }
      : { ...axis, tickmode: "auto" };
    const id = { type: "graph", index: plot.closest(".drawing").dataset.drawing };
    window.dash_clientside.set_props(id, { figure: { data: plot.data, layout: { ...plot.layout, xaxis } } });
  }

  /* Only what answers to keys is reached by them. */
  function reach(drawing) {
    if (!drawing.dataset.say || drawing.hasAttribute("tabindex")) return;
    const { role, keys } = JSON.parse(drawing.dataset.say);
    drawing.tabIndex = 0;
    drawing.setAttribute("aria-roledescription", role);
    drawing.setAttribute("aria-label", `${drawing.getAttribute("aria-label")} ${keys}`);
  }

  function follow(plot) {
    const axis = plot.layout && plot.layout.xaxis;
    if (!axis || !axis.range || plot.radarWhole) return;
    reach(plot.closest(".drawing"));
    plot.radarWhole = { range: axis.range.slice(), tickvals: axis.tickvals, ticktext: axis.ticktext };
    const same = (a, b) => Math.abs(moment(a) - moment(b)) < 1000;
    plot.on("plotly_relayout", (change) => {
      if (!Object.keys(change).some((key) => key.startsWith("xaxis.range") || key === "xaxis.autorange")) return;
      const now = plot.layout.xaxis.range;
      const back = Boolean(change["xaxis.autorange"]) || plot.radarWhole.range.every((end, i) => same(end, now[i]));
      if (!plot.radarFollows) note(back ? null : now.map(moment));
      ticks(plot, back);
    });
  }

  new MutationObserver(() => plots().forEach(follow)).observe(document.body, {
    subtree: true, attributes: true, attributeFilter: ["data-live"],
  });
})();
