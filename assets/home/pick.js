/* A picked country or region and a level, on map and list alike; the address says both, and the moment that is shown. */
(function () {
  "use strict";

  const { root, find, all, spoken } = window.radarPage;
  const home = window.radarHome;
  const { map, machine, places, regions, code, place, country, path, words, fill, make, title, items, touches } = home;

  /* The moment that is shown, where that is not now: a text, set by the time machine. */
  let moment = null;
  const isThen = () => root.classList.contains("scrubbing");

  let picked = null;   /* the code of a country or of a region */
  let level = "";      /* "outage", "degraded", or all */
  const called = {};   /* the names of regions that were marked */

  /* A region stays with its country, and a country with its regions. */
  const belongs = (name) => name === picked || name === country(picked) || country(name) === picked;

  function filter() {
    const drawing = map();
    if (!drawing) return;
    let shown = 0;
    for (const part of all("#open, #then-list")) {
      const rows = all(".items > li", part);
      const some = rows.filter((item) => !level || find(`.item.s-${level}`, item));
      const fitting = some.filter((item) => !picked || touches(item, picked));
      for (const item of rows) item.classList.toggle("off", !fitting.includes(item));
      const count = find("h2 .count", part);
      if (count && count.firstChild && rows.length) {
        count.firstChild.data = fitting.length === rows.length ? String(rows.length)
          : fill(words().few, { n: fitting.length, m: rows.length });
      }
      if (part.matches("#then-list") !== isThen()) continue;
      shown = fitting.length;
      for (const node of regions()) node.classList.toggle("off", !some.some((item) => touches(item, code(node))));
    }
    for (const button of all(".filters [data-level]")) {
      button.setAttribute("aria-pressed", String(button.dataset.level === level));
    }
    drawing.classList.toggle("only-outage", level === "outage");
    drawing.classList.toggle("only-degraded", level === "degraded");
    drawing.classList.toggle("picking", Boolean(picked));
    for (const node of all("a.c, a.r", drawing)) node.classList.toggle("picked", Boolean(picked) && belongs(code(node)));
    for (const node of regions()) called[code(node)] = title(node)[0];
    const told = find("#picked");
    told.hidden = !picked && !(level && !shown);
    if (picked) {
      const node = place(picked);
      const [name, state] = node ? title(node) : [called[picked] || picked, words().nothing];
      const link = make("a", { href: address(picked) }, fill(words().page, { name }));
      const clear = make("button", { type: "button", "data-clear": "" }, told.dataset.clear);
      const none = shown || state === words().nothing ? [] : [make("span", {}, words().nothing)];
      told.replaceChildren(make("span", {}, `${name}: ${state}`), ...none, link, clear);
    } else {
      told.replaceChildren(words().nothing);
    }
  }

  const address = (name) => {
    const node = place(name);
    if (moment === null && node) return node.getAttribute("href");
    return spoken(moment === null ? path(name) : `${path(name)}?at=${moment}`);
  };

  /* The address says what is picked, and of what moment: so it is passed on, restored, and gone back from. ``then``: the
     moment, where it is not the one of the link; null: now. */
  const withPick = (link, then) => {
    const to = new URL(link, location.href);
    const values = [["place", picked], ["level", level], ...(then === undefined ? [] : [["at", then]])];
    for (const [name, value] of values) {
      if (value) to.searchParams.set(name, value); else to.searchParams.delete(name);
    }
    return `${to.pathname}${to.search.replaceAll("%3A", ":")}${to.hash}`;
  };
  /* Dash reads the address when it begins: a moment that the page is not of is not told before. */
  const here = () => withPick(location.href, root.classList.contains("taken") ? moment : undefined);
  const isHere = (to) => to === `${location.pathname}${location.search.replaceAll("%3A", ":")}${location.hash}`;

  /* Browsers take no more than some hundred addresses in half a minute. */
  const PAUSE = 400;
  let pending = 0;
  function write() {
    clearTimeout(pending);
    pending = 0;
    const to = here();
    if (!isHere(to)) history.replaceState(history.state, "", to);
    showLinks();
  }

  function choose(name, kept) {
    if (pending) write();
    picked = name;
    level = kept;
    filter();
    const to = here();
    if (isHere(to)) return;
    history.pushState(null, "", to);
    showLinks();
  }

  /* Links to the same page in another language or of another moment. */
  function showLinks() {
    for (const link of all(".tongue")) link.setAttribute("href", withPick(link.href, moment));
    for (const link of all(".ago a")) link.setAttribute("href", withPick(link.href));
  }

  function readAddress() {
    const query = new URLSearchParams(location.search);
    const name = query.get("place");
    picked = name && /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/.test(name) && place(country(name)) ? name : null;
    level = ["outage", "degraded"].find((one) => one === query.get("level")) || "";
  }

  const pick = (name) => choose(picked === name ? null : name, level);

  /* What was chosen, put onto nodes that are new. */
  const nodes = () => [map(), machine(), find("#picked"), items()[0]];
  let settled = [];
  const isNew = () => nodes().some((node, i) => node !== settled[i]);

  function settle() {
    if (!map() || !machine()) return;
    settled = nodes();
    home.mount();
    if (picked || level || !find("#picked").textContent) filter();
    showLinks();
    document.dispatchEvent(new Event("radar-settled"));
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!target.closest) return;
    if (pending && target.closest("a[href]")) write();
    if (target.closest("a[data-clear], button[data-clear]")) { event.preventDefault(); choose(null, ""); return; }
    const chip = target.closest(".filters [data-level]");
    if (chip) choose(picked, level === chip.dataset.level ? "" : chip.dataset.level);
  }, true);

  /* Back and forth between what was picked: no other page, so nothing is asked of the server. */
  addEventListener("popstate", (event) => {
    event.stopImmediatePropagation();
    clearTimeout(pending);
    pending = 0;
    readAddress();
    filter();
    if (home.went) home.went(new URLSearchParams(location.search).get("at"));
    showLinks();
  }, true);

  /* A newer publication, or Dash, brings a new drawing and new rows: before they are painted, what was chosen is on them. */
  document.addEventListener("radar-drawn", () => { if (isNew()) settle(); });

  Object.assign(home, {
    address, choose, filter, pick, settle, withPick, write,
    picked: () => picked,
    /* ``text``: the moment that is shown now; ``at once``: its address is not waited for. */
    show(text, atOnce = false) {
      if (text === moment && !atOnce) return;
      moment = text;
      if (atOnce) write(); else if (!pending) pending = setTimeout(write, PAUSE);
    },
  });

  if (map()) { readAddress(); settle(); }
})();
