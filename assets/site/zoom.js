/* A zoom is kept in the address, so that the link shows it again and Back undoes it; a way back, and one to a finer
   drawing. In a part of a chart ticks, names of lines and the links to other views are those of that part. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { root, find, all, mount, moment } = page;
  if (!mount) return;

  const plots = page.live;
  const iso = (ms) => `${new Date(Math.round(ms / 60000) * 60000).toISOString().slice(0, 16)}:00Z`;
  const naive = (ms) => new Date(ms).toISOString().slice(0, 19);
  const MINUTE = 60000, DAY = 1440 * MINUTE;

  /* The address ---------------------------------------------------------------------------------------------------- */

  const whole = location.search;  /* of the page as the server wrote it */
  let seen = whole;

  /* An address with the stretch in it in place of its own. */
  function within(address, range) {
    const at = new URL(address, location.href);
    at.searchParams.delete("range");
    at.searchParams.set("from", iso(range[0]));
    at.searchParams.set("until", iso(range[1]));
    return at.href.replaceAll("%3A", ":");
  }

  function note(range) {
    const address = new URL(location.href);
    address.search = whole;
    const text = range ? within(address, range) : address.href;
    if (text !== location.href) {
      history.pushState({ stretch: range }, "", text);
      seen = location.search;
    }
    offer(range, text);
  }

  /* What leads elsewhere keeps the stretch; no range is the chosen one of a part of it. */
  function links(range) {
    for (const link of all(".taken #react-entry-point .views a")) {
      link.dataset.whole = link.dataset.whole || link.getAttribute("href");
      link.setAttribute("href", range ? within(link.dataset.whole, range) : link.dataset.whole);
    }
    for (const link of all(".taken #react-entry-point .ranges[data-back] .choices a")) {
      if (range && link.hasAttribute("aria-current")) {
        link.dataset.chosen = "";
        link.removeAttribute("aria-current");
      } else if (!range && "chosen" in link.dataset) {
        delete link.dataset.chosen;
        link.setAttribute("aria-current", "true");
      }
    }
  }

  /* A way back, and one to the same stretch drawn as finely as it was measured. */
  function offer(range, address) {
    links(range);
    const box = find(".taken #react-entry-point .ranges[data-back]");
    if (!box) return;
    let zoomed = find(".zoomed", box);
    if (!range) { if (zoomed) zoomed.remove(); return; }
    if (!zoomed) {
      zoomed = document.createElement("span");
      zoomed.className = "zoomed";
      const back = document.createElement("button");
      back.type = "button";
      back.textContent = box.dataset.back;
      back.addEventListener("click", () => { page.stretch(null); note(null); });
      const finer = document.createElement("a");
      finer.textContent = box.dataset.finer;
      zoomed.append(back, finer);
      box.append(zoomed);
    }
    find("a", zoomed).href = address;
  }

  /* Back and forward between stretches of this page: nothing is asked of the server, and Dash need not know. One that
     this page cannot show, after a reload in between, is loaded. */
  addEventListener("popstate", (event) => {
    if (location.search === seen || !find(".ts-box", mount)) return;
    event.stopImmediatePropagation();
    seen = location.search;
    const range = event.state && event.state.stretch;
    const fits = range && plots().some(({ radarWhole }) => {
      const [first, last] = radarWhole ? radarWhole.range.map(moment) : [0, 0];
      return range[0] >= first - MINUTE && range[1] <= last + MINUTE;
    });
    if (!fits && seen !== whole) { location.reload(); return; }
    page.stretch(fits ? range.map(naive) : null);
    offer(fits ? range : null, location.href);
  }, true);

  /* A part of a chart ---------------------------------------------------------------------------------------------- */

  const STEPS = [1, 2, 5, 15, 30, 60, 120, 180, 360, 720].map((n) => n * MINUTE).concat([1, 2, 7, 14, 28].map((n) => n * DAY));
  const written = (parts) => new Intl.DateTimeFormat(root.lang === "en" ? "en-GB" : root.lang, { timeZone: "UTC", ...parts });

  /* Ticks as the server writes them (radar/figures/axes.py): round times, the day at midnight and at the first of those
     that have none. */
  function ticks([from, until]) {
    const step = STEPS.find((one) => (until - from) / one <= 6);
    if (!step) return months(from, until);
    const day = written({ day: "numeric", month: "short" });
    const times = [];
    const monday = step >= 7 * DAY ? 4 * DAY : 0;  /* the epoch was a Thursday */
    for (let at = Math.ceil((from - monday) / step) * step + monday; at <= until; at += step) times.push(at);
    const midnights = times.some((at) => at % DAY === 0);
    const text = times.map((at, i) => {
      const clock = new Date(at).toISOString().slice(11, 16);
      return at % DAY === 0 ? day.format(at) : i === 0 && !midnights ? `${day.format(at)}, ${clock}` : clock;
    });
    return { tickmode: "array", tickvals: times.map(naive), ticktext: text };
  }

  function months(from, until) {
    const month = (ms) => new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth();
    const [first, last] = [month(from) + 1, month(until)];
    const step = [1, 3, 6, 12, 24, 60].find((n) => (last - first + 1) / n <= 6) || 120;
    const times = [];
    for (let at = Math.ceil(first / step) * step; at <= last; at += step) times.push(Date.UTC(Math.floor(at / 12), at % 12));
    const text = times.map((at) => written({ month: "short", year: "numeric" }).format(at));
    return { tickmode: "array", tickvals: times.map(naive), ticktext: text };
  }

  /* The newest number of a line in the stretch. */
  function end(data, name, [from, until]) {
    const trace = data.find((one) => one.meta === name);
    if (!trace) return null;
    const at = (i) => (trace.x ? moment(trace.x[i]) : moment(trace.x0) + i * trace.dx);
    for (let i = trace.y.length - 1; i >= 0 && at(i) >= from; i -= 1) {
      if (at(i) <= until && trace.y[i] !== null && trace.y[i] !== undefined) return trace.y[i];
    }
    return null;
  }

  /* Names of lines stand where the lines end in what is shown, apart as the server keeps them; those of lines that are
     not to be seen there are left out. */
  function names(data, layout, room, range) {
    const GAP = 14;
    const { yaxis } = layout;
    const ends = layout.annotations.flatMap((label) => {
      const value = (label.name || "").startsWith("line-") ? end(data, label.name.slice(5), range) : null;
      return value === null ? [] : [{ label, y: (yaxis.range[1] - value) / (yaxis.range[1] - yaxis.range[0]) * room }];
    }).sort((a, b) => a.y - b.y);
    ends.forEach((one, i) => { if (i) one.y = Math.max(one.y, ends[i - 1].y + GAP); });
    let most = room;
    for (const one of ends.slice().reverse()) { one.y = Math.min(one.y, most); most = one.y - GAP; }
    return layout.annotations.filter((label) => !(label.name || "").startsWith("line-"))
      .concat(ends.map(({ label, y }) => ({ ...label, yshift: -y })));
  }

  /* What the server drew, of which a chart shows a part. Of a figure that is drawn Dash forgets the height. */
  page.wholeOf = ({ xaxis, annotations, shapes, margin, height }, plot) => ({
    axis: { range: xaxis.range.slice(), tickvals: xaxis.tickvals, ticktext: xaxis.ticktext },
    range: xaxis.range.slice(), annotations: annotations || [], shapes: shapes || [],
    room: (height || plot.clientHeight) - margin.t - margin.b,
  });

  /* The figure as it shows ``range`` (two times), or (null) its whole. */
  page.partOf = ({ data, layout }, whole, range) => {
    const { annotations, shapes, axis, room } = whole;
    const made = { ...layout, annotations, shapes };
    if (!range) return { data, layout: { ...made, xaxis: { ...layout.xaxis, ...axis, range: axis.range.slice() } } };
    const ends = range.map(moment);
    made.annotations = names(data, made, room, ends);
    made.shapes = shapes.filter((one) => one.name !== "lead");
    return { data, layout: { ...made, xaxis: { ...layout.xaxis, range: range.slice(), ...ticks(ends) } } };
  };

  /* Dash draws its own copy of the figure again after each change, so the copy is what is changed. */
  function redraw(plot, range) {
    const figure = page.partOf({ data: plot.data, layout: plot.layout }, plot.radarWhole, range);
    const shows = JSON.stringify([figure.layout.xaxis.range, figure.layout.xaxis.ticktext]);
    if (plot.radarShows === shows || (!range && !plot.radarShows)) return;
    plot.radarShows = shows;
    window.dash_clientside.set_props({ type: "graph", index: plot.closest(".drawing").dataset.drawing }, { figure });
  }

  /* Whether a chart shows the whole of what the server drew. */
  page.isWhole = (plot) => {
    const { range } = plot.layout.xaxis;
    return Boolean(plot.radarWhole) && plot.radarWhole.range.every((end, i) => Math.abs(moment(end) - moment(range[i])) < 1000);
  };

  function follow(plot) {
    const axis = plot.layout && plot.layout.xaxis;
    if (!axis || !axis.range || plot.radarWhole) return;
    plot.radarWhole = page.wholeOf(plot.layout, plot);
    plot.on("plotly_relayout", (change) => {
      if (!Object.keys(change).some((key) => key.startsWith("xaxis.range") || key === "xaxis.autorange")) return;
      const back = Boolean(change["xaxis.autorange"]) || page.isWhole(plot);
      const range = back ? null : plot.layout.xaxis.range.slice();
      if (!plot.radarFollows) note(range && range.map(moment));
      redraw(plot, range);
    });
  }

  new MutationObserver(() => plots().forEach(follow)).observe(mount, {
    subtree: true, attributes: true, attributeFilter: ["data-live"],
  });
})();
