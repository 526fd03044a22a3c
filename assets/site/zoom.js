/* A zoom is kept in the address, so that the link shows it again; a way back, and one to a finer drawing. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { find, mount, moment } = page;
  if (!mount) return;

  const plots = page.live;
  const iso = (ms) => `${new Date(Math.round(ms / 60000) * 60000).toISOString().slice(0, 16)}:00Z`;

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

  /* Whether a chart shows the whole of what the server drew. */
  page.isWhole = (plot) => {
    const { range } = plot.layout.xaxis;
    return Boolean(plot.radarWhole) && plot.radarWhole.range.every((end, i) => Math.abs(moment(end) - moment(range[i])) < 1000);
  };

  function follow(plot) {
    const axis = plot.layout && plot.layout.xaxis;
    if (!axis || !axis.range || plot.radarWhole) return;
    plot.radarWhole = { range: axis.range.slice(), tickvals: axis.tickvals, ticktext: axis.ticktext };
    plot.on("plotly_relayout", (change) => {
      if (!Object.keys(change).some((key) => key.startsWith("xaxis.range") || key === "xaxis.autorange")) return;
      const now = plot.layout.xaxis.range;
      const back = Boolean(change["xaxis.autorange"]) || page.isWhole(plot);
      if (!plot.radarFollows) note(back ? null : now.map(moment));
      ticks(plot, back);
    });
  }

  new MutationObserver(() => plots().forEach(follow)).observe(mount, {
    subtree: true, attributes: true, attributeFilter: ["data-live"],
  });
})();
