/* Measures the way to this server, when the button on /measure is pressed and never before. Ten small requests give
   the round-trip time, one or two downloads the rate; the times are the browser's own (Resource Timing). */
(function () {
  "use strict";

  const PINGS = 10;
  const SMALL = 262144;
  const LARGE = 2097152;
  /* A line on which the small download takes longer than this is not asked for the large one. */
  const PATIENCE_MS = 1500;
  let running = false;

  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /* What the browser timed of one request. */
  async function timed(path, number) {
    const address = new URL(`${path}?n=${number}`, location.href).href;
    performance.clearResourceTimings();
    const answer = await fetch(address, { cache: "no-store", credentials: "omit" });
    if (!answer.ok) throw await answer.json();
    await answer.arrayBuffer();
    for (let tries = 0; tries < 20; tries += 1) {
      const found = performance.getEntriesByName(address, "resource").pop();
      if (found && found.responseEnd > 0) return found;
      await wait(10);
    }
    throw new Error("no timing");
  }

  async function trips() {
    const found = [];
    for (let n = 0; n <= PINGS; n += 1) {
      const entry = await timed("/beacon/ping", n);
      const ms = entry.responseStart - entry.requestStart;
      if (n > 0 && ms > 0) found.push(ms);  /* the first one opens the connection */
    }
    return found;
  }

  async function download() {
    let told = { bytes: null, download_ms: null };
    for (const size of [SMALL, LARGE]) {
      const entry = await timed(`/beacon/bytes/${size}`, 0);
      told = { bytes: size, download_ms: entry.responseEnd - entry.responseStart };
      if (told.download_ms > PATIENCE_MS) break;
    }
    return told;
  }

  async function measure() {
    const rtt = await trips();
    const rate = await download().catch((error) => {
      if (error && error.error && error.error.code === "too_often") throw error;
      return { bytes: null, download_ms: null };
    });
    const answer = await fetch(`/beacon/result?lang=${document.documentElement.lang}`, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ consent: true, rtt_ms: rtt, ...rate }),
    });
    const told = await answer.json();
    if (!answer.ok) throw told;
    return told.data.words;
  }

  /* What is shown. When the page is refreshed, its nodes are new ones and empty: then it is shown again. */
  let lines = [];

  function draw() {
    const box = document.querySelector("#beacon-result");
    const button = document.querySelector("#beacon-start");
    if (button && button.disabled !== running) button.disabled = running;
    if (!box || box.hasChildNodes() || !lines.length) return;
    box.append(...lines.map((line) => {
      const part = document.createElement("p");
      part.textContent = line;
      return part;
    }));
  }

  function show(said) {
    lines = said;
    document.querySelector("#beacon-result")?.replaceChildren();
    draw();
  }

  let watching = false;

  document.addEventListener("click", async (event) => {
    const button = event.target.closest && event.target.closest("#beacon-start");
    if (!button || running) return;
    const words = { ...button.form.dataset };
    if (!watching) new MutationObserver(draw).observe(document.body, { childList: true, subtree: true });
    watching = running = true;
    show([words.busy]);
    let said;
    try {
      said = await measure();
    } catch (error) {
      const told = error && error.error;
      said = told ? [told.message, told.expected].filter(Boolean) : [words.failed];
    }
    running = false;
    show(said);
  });
})();
