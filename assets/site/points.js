/* Charts by keyboard and in words: arrows move through the points of all charts and say each one. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { root, find, all, mount } = page;
  if (!mount) return;

  const CHART = ".ts-box[data-say]";
  const fill = (text, values) => text.replace(/{(\w+)}/g, (_all, name) => values[name]);
  const plots = page.live;
  const moment = (value) => (typeof value === "number" ? value : Date.parse(`${String(value).replace(" ", "T")}Z`));

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
      ...(say.days ? {} : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
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

  /* The first and the last point that can be seen. */
  function bounds(plot, value) {
    const [from, until] = plot.layout.xaxis.range.map(moment);
    const seen = value.y.flatMap((_one, i) => (value.at(i) >= from && value.at(i) <= until ? [i] : []));
    return seen.length ? [seen[0], seen[seen.length - 1]] : [0, value.y.length - 1];
  }

  function show(drawing, plot, i) {
    const value = line(plot, "value");
    const [first, last] = bounds(plot, value);
    const at = Math.min(Math.max(i, first), last);
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

  const KEYS = ["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", "Escape"];
  const pressed = new WeakMap();  /* a key on a chart that is not live yet: it counts when it is */

  function move(drawing, key) {
    const plot = find(".js-plotly-plot", drawing);
    const value = line(plot, "value");
    if (!value || !value.y.length) return;
    const [first, last] = bounds(plot, value);
    const newest = value.y.reduce((found, one, i) => (one === null || i < first || i > last ? found : i), last);
    const at = places.has(drawing) ? places.get(drawing) : newest + 1;
    const far = Math.max(1, Math.round((last - first) / 20));
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - far, PageDown: at + far, Home: first, End: newest };
    if (key === "Escape") {
      leave(drawing);
      places.delete(drawing);
    } else show(drawing, plot, next[key]);
  }

  document.addEventListener("keydown", (event) => {
    const drawing = event.target.matches && event.target.matches(CHART) ? event.target : null;
    if (!drawing || event.ctrlKey || event.metaKey || event.altKey || !KEYS.includes(event.key)) return;
    if (event.key !== "Escape") event.preventDefault();
    if ("live" in drawing.dataset) move(drawing, event.key); else pressed.set(drawing, event.key);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches && event.target.matches(CHART)) leave(event.target);
  });

  /* Only what answers to keys is reached by them. */
  function reach(drawing) {
    const { role, keys } = JSON.parse(drawing.dataset.say);
    drawing.tabIndex = 0;
    drawing.setAttribute("aria-roledescription", role);
    drawing.setAttribute("aria-label", `${drawing.getAttribute("aria-label")} ${keys}`);
  }

  document.addEventListener("radar-drawn", () => {
    for (const drawing of all(`${CHART}:not([tabindex])`, mount)) reach(drawing);
    for (const drawing of all(`${CHART}[data-live]`, mount)) {
      if (!pressed.has(drawing)) continue;
      const key = pressed.get(drawing);
      pressed.delete(drawing);
      if (drawing === document.activeElement) move(drawing, key);
    }
  });

  Object.assign(page, { moment });
})();
