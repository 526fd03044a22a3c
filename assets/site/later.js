/* Dash and Plotly on demand. The server's page is whole without them, so they neither delay its first paint nor hold up
   the processor of a phone: they are fetched when the page stands, and run at the first sign of a reader, or after a
   while in which the processor had nothing to do. A tab in the background never runs them. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { find, idle } = page;
  const told = find("#radar-later");
  if (!told) return;
  const { scripts, asked, charts } = JSON.parse(told.textContent);
  const plotly = charts.at(-1);

  /* ms without a sign, after which they are run all the same. */
  const REST = 5000;
  const SIGNS = ["pointerdown", "pointermove", "touchstart", "wheel", "scroll", "keydown", "focusin"];
  const frugal = () => Boolean(navigator.connection && navigator.connection.saveData);

  function add(address) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.async = false;  /* one after the other, each in a task of its own */
      script.src = address;
      script.onload = done;
      script.onerror = () => { script.remove(); failed(new Error(address)); };
      document.head.append(script);
    });
  }

  function hint(address, how = { rel: "prefetch", as: "script" }) {
    return new Promise((done) => {
      const link = Object.assign(document.createElement("link"), how, { href: address });
      link.onload = link.onerror = done;
      document.head.append(link);
    });
  }

  /* Run Dash; it takes the page over when it has drawn it (takeover.js). */
  let started = false;
  function start(event) {
    /* a strip that the browser itself has moved to its place is no sign */
    if (started || (event && event.type === "scroll" && event.target !== document)) return;
    started = true;
    for (const sign of SIGNS) removeEventListener(sign, start, true);
    for (const address of scripts) add(address).catch(() => { /* the server's page stays */ });
    /* what Dash would ask for only when it runs, a round trip later each */
    for (const address of asked) hint(address, { rel: "preload", as: "fetch", crossOrigin: "anonymous" });
    page.askAhead();
    const fetched = Promise.all(charts.map((address) => hint(address)));
    /* somebody reads: while Dash waits for an answer the processor has time for Plotly */
    if (event && plotly) fetched.then(() => idle(1000)).then(withPlotly);
  }

  /* Plotly, for the first chart that wants it; false when it cannot be had, and the next chart asks again. */
  let drawer = null;
  function withPlotly() {
    if (window.Plotly) return Promise.resolve(true);
    if (!plotly) return Promise.resolve(false);
    drawer = drawer || add(plotly).then(() => true, () => { drawer = null; return false; });
    return drawer;
  }

  async function prepare() {
    if (frugal()) return;
    for (const address of scripts) {
      if (started) return;
      await idle(2000);
      await hint(address);
    }
    const rest = () => setTimeout(async () => {
      if (document.hidden) { document.addEventListener("visibilitychange", rest, { once: true }); return; }
      await idle(2000);
      start();
    }, REST);
    rest();
  }

  for (const sign of SIGNS) addEventListener(sign, start, { capture: true, passive: true });
  document.addEventListener("radar-live-all", start);
  if (window.radarSign) start(window.radarSign);  /* one came before this script did */
  if (document.readyState === "complete") prepare(); else addEventListener("load", prepare, { once: true });
  Object.assign(page, { start, withPlotly });
})();
