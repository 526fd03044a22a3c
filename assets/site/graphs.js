/* What Dash draws of a chart, by its address (/chart.json): a page has a dozen charts, and sends none before it is wanted. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { find, spoken } = page;

  /* Of each chart the newest: what its address gave, or will give. One that failed is asked for again. */
  const known = new Map();

  function graphAt(address) {
    const chart = address.replace(/&(from|until|interval)=[^&]*/g, "");
    let row = known.get(chart);
    if (!row || row.address !== address) {
      const graph = fetch(spoken(address)).then((answer) => {
        if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
        return answer.json();
      });
      row = { address, graph };
      known.set(chart, row);
      graph.catch(() => { if (known.get(chart) === row) known.delete(chart); });
    }
    return row.graph;
  }

  /* The first chart's, before Dash runs and asks for it. */
  function askAhead() {
    const first = find(".drawing[data-graph]");
    if (first) graphAt(first.dataset.graph);
  }

  Object.assign(page, { graphAt, askAhead });
})();
