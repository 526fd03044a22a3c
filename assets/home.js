/* The front page: map and list are one thing, by pointer and by keyboard; "is it just me?". Nothing of React's is replaced:
   classes, texts and attributes of its nodes are changed and put back; what is new lies in slots. home-machine.js shows
   the same of another moment. */
(function () {
  "use strict";

  const { root, find, all, showTimes, spoken } = window.radarPage;

  const machine = () => find("#machine");
  const map = () => find(".map-box svg.map");
  const box = () => find(".map-box");
  const places = () => all("a.c", map());
  const code = (node) => node.getAttribute("href").slice(9, 11);
  const place = (name) => find(`a.c[href^="/country/${name}"]`, map());
  const kind = (node) => node.className.baseVal.match(/s-(\w+)/)[1];
  let said = null;
  const words = () => (said ||= JSON.parse(machine().dataset.words));
  const fill = (text, values) => text.replace(/{(\w+)}/g, (_all, name) => values[name]);
  const make = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  };

  /* The moment that is shown, where that is not now: a text, set by the time machine. */
  let moment = null;
  const isThen = () => root.classList.contains("scrubbing");

  /* Map and list are one thing ----------------------------------------------------------------------------------- */

  let picked = null;   /* a country */
  let level = "";      /* "outage", "degraded", or all */
  let cursor = null;   /* the country that the keyboard is at */

  const items = () => all("#open .items > li, #then-list .items > li");
  const touches = (item, name) => (item.dataset.places || "").split(" ").includes(name);

  function filter() {
    const drawing = map();
    if (!drawing) return;
    let shown = 0;
    for (const part of all("#open, #then-list")) {
      const rows = all(".items > li", part);
      const fitting = rows.filter((item) => (!picked || touches(item, picked)) && (!level || find(`.item.s-${level}`, item)));
      for (const item of rows) item.classList.toggle("off", !fitting.includes(item));
      const count = find("h2 .count", part);
      if (count && count.firstChild && rows.length) {
        count.firstChild.data = fitting.length === rows.length ? String(rows.length)
          : fill(words().few, { n: fitting.length, m: rows.length });
      }
      if (part.matches("#then-list") === isThen()) shown = fitting.length;
    }
    for (const button of all(".filters [data-level]")) {
      button.setAttribute("aria-pressed", String(button.dataset.level === level));
    }
    drawing.classList.toggle("only-outage", level === "outage");
    drawing.classList.toggle("only-degraded", level === "degraded");
    drawing.classList.toggle("picking", Boolean(picked));
    for (const node of all(".picked", drawing)) node.classList.remove("picked");
    const told = find("#picked");
    told.hidden = !picked && !(level && !shown);
    if (picked) {
      const node = place(picked);
      node.classList.add("picked");
      const name = title(node)[0];
      const link = make("a", { href: address(node) }, fill(words().page, { name }));
      const clear = make("button", { type: "button", "data-clear": "" }, told.dataset.clear);
      told.replaceChildren(make("span", {}, title(node).join(": ")), ...(shown ? [] : [make("span", {}, words().nothing)]),
        link, clear);
    } else {
      told.replaceChildren(words().nothing);
    }
  }

  const title = (node) => {
    const text = node.firstElementChild.textContent;
    const colon = text.indexOf(": ");
    return [text.slice(0, colon), text.slice(colon + 2)];
  };
  const address = (node) => (moment === null ? node.getAttribute("href") : spoken(`/country/${code(node)}?at=${moment}`));

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
    picked = name && /^[A-Z]{2}$/.test(name) && place(name) ? name : null;
    level = ["outage", "degraded"].find((one) => one === query.get("level")) || "";
  }

  const pick = (name) => choose(picked === name ? null : name, level);

  function hot(names, on) {
    for (const name of names) { const node = name && place(name); if (node) node.classList.toggle("hot", on); }
  }

  function tip(node) {
    const old = find(".map-tip");
    if (old) old.remove();
    if (!node) return;
    const ground = box().getBoundingClientRect();
    const point = (find(".p", node) || node).getBoundingClientRect();
    const [name, rest] = title(node);
    const made = make("div", { class: "map-tip", "aria-hidden": "true" }, make("b", {}, name), make("span", {}, rest));
    find(".tip-box").append(made);
    const size = made.getBoundingClientRect();
    const x = Math.min(Math.max(point.x - ground.x - size.width / 2, 0), ground.width - size.width);
    const y = point.y - ground.y - size.height - 14;
    made.style.left = `${x}px`;
    made.style.top = `${y < 0 ? point.y - ground.y + 18 : y}px`;
  }

  function over(event, on) {
    const item = event.target.closest && event.target.closest("li[data-places]");
    if (item) hot(item.dataset.places.split(" "), on);
  }

  /* What the pointer is at: one answer for the tip, the marked row, a click and a tap. */
  let hovered = null;

  function hover(node) {
    if (node === hovered) return;
    if (hovered) hovered.classList.remove("over");
    hovered = node;
    if (node) node.classList.add("over");
    for (const row of items()) row.classList.toggle("hot", Boolean(node) && touches(row, code(node)));
    tip(node);
  }

  const REACH = 12;  /* px: half of a dot's target */
  const MARK = { outage: 4.5, degraded: 4, insufficient: 3, ok: 2.25, none: 2.25 };  /* px: half of a mark (figures.css) */
  const isDot = (node) => Boolean(find(".p:not(.b)", node));
  const isBroken = (node) => ["outage", "degraded"].includes(kind(node));

  /* The place at a point of the screen: the mark that is there; else the ground that is there, unless that is calm and
     the target of a broken dot reaches here; over the sea the nearest dot. Null: none. Of places with the same middle
     (Saint Martin has two) the one after the picked one. */
  function meant(x, y) {
    const [a, b] = onMap(x, y);
    const unit = scale();
    const far = (node) => { const [c, d] = spot(node); return Math.hypot(c - a, d - b) / unit; };
    const path = document.elementsFromPoint(x, y).find((one) => one.matches(".map .c > path:not(.t, .p, .o)"));
    const ground = path && path.parentNode;
    const land = ground && ground.matches("a.c") ? ground : null;
    const near = places().map((node) => [far(node), node]).filter(([away]) => away <= REACH).sort((m, n) => m[0] - n[0]);
    const [mark] = near.filter(([away, node]) => (isDot(node) || isBroken(node)) && away <= MARK[kind(node)] + 0.5);
    if (mark && (!land || mark[0] <= far(land))) {
      const same = near.filter(([away]) => away === mark[0]).map(([, node]) => node);
      return same[(same.findIndex((node) => code(node) === picked) + 1) % same.length];
    }
    if (land && isBroken(land)) return land;
    const [dot] = near.filter(([, node]) => isDot(node) && (!ground || isBroken(node)));
    return dot ? dot[1] : land;
  }

  /* By keyboard: arrows go to the nearest place that way; what is broken comes first. */
  const spots = new WeakMap();
  const spot = (node) => {
    if (!spots.has(node)) {
      const path = find(".p", node) || find("path", node);
      const [, x, y] = path.getAttribute("d").match(/M(-?\d+)[ ,]?(-?\d+)/);
      spots.set(node, [Number(x), Number(y)]);
    }
    return spots.get(node);
  };

  function step(dx, dy) {
    const nodes = places();
    if (!cursor || !nodes.includes(cursor)) {
      setCursor(nodes.find((node) => kind(node) === "outage") || nodes.find((node) => kind(node) === "degraded") || nodes[0]);
      return;
    }
    const [x, y] = spot(cursor);
    let best = null;
    let least = Infinity;
    for (const node of nodes) {
      const [a, b] = spot(node);
      const twin = a === x && b === y;  /* one after the other, to the right or down */
      const along = twin ? (code(node) > code(cursor) ? dx + dy : -dx - dy) : (a - x) * dx + (b - y) * dy;
      const aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
      const far = along + 2 * aside;
      if (node !== cursor && along > 0 && aside <= 2 * along && far < least) { best = node; least = far; }
    }
    if (best) setCursor(best);
  }

  function setCursor(node) {
    for (const old of all(".cur", map())) old.classList.remove("cur");
    cursor = node;
    tip(node);
    find("#map-said").textContent = node ? title(node).join(": ") : "";
    if (node) { node.classList.add("cur"); intoView(node); }
  }

  /* Zooming: a smaller part of the same drawing. Nothing moves by itself, so there is no motion to reduce. */
  const WHOLE = [9600, 4283];
  const CLOSEST = 24;
  let view = [0, 0, ...WHOLE];

  function look(next) {
    const w = Math.min(Math.max(next[2], WHOLE[0] / CLOSEST), WHOLE[0]);
    const h = (w * WHOLE[1]) / WHOLE[0];
    view = [Math.min(Math.max(next[0], 0), WHOLE[0] - w), Math.min(Math.max(next[1], 0), WHOLE[1] - h), w, h];
    map().setAttribute("viewBox", view.map(Math.round).join(" "));
    box().classList.toggle("near", w < WHOLE[0]);
    hover(null);
    tip(null);
  }

  function zoom(by, x, y) {
    const cx = x === undefined ? view[0] + view[2] / 2 : x;
    const cy = y === undefined ? view[1] + view[3] / 2 : y;
    look([cx - (cx - view[0]) / by, cy - (cy - view[1]) / by, view[2] / by]);
  }

  function intoView(node) {
    if (view[2] === WHOLE[0]) return;
    const [x, y] = spot(node);
    if (x < view[0] || x > view[0] + view[2] || y < view[1] || y > view[1] + view[3]) {
      look([x - view[2] / 2, y - view[3] / 2, view[2]]);
    }
  }

  const scale = () => view[2] / map().getBoundingClientRect().width;
  const onMap = (x, y) => {
    const ground = map().getBoundingClientRect();
    return [view[0] + (x - ground.x) * scale(), view[1] + (y - ground.y) * scale()];
  };
  let drag = null;
  let pinch = null;

  /* Two fingers: the place between them stays between them. One finger scrolls the page, unless the map is zoomed. */
  function touch(event) {
    if (event.touches.length !== 2) { pinch = null; return; }
    if (event.cancelable) event.preventDefault();
    drag = null;
    const [a, b] = event.touches;
    const x = (a.clientX + b.clientX) / 2;
    const y = (a.clientY + b.clientY) / 2;
    const far = Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY));
    if (!pinch) { pinch = { far, wide: view[2], at: onMap(x, y) }; return; }
    const ground = map().getBoundingClientRect();
    const wide = Math.min(Math.max((pinch.wide * pinch.far) / far, WHOLE[0] / CLOSEST), WHOLE[0]);
    const unit = wide / ground.width;
    look([pinch.at[0] - (x - ground.x) * unit, pinch.at[1] - (y - ground.y) * unit, wide]);
  }

  /* Only this box listens to fingers: the rest of the page scrolls without asking a script. */
  function arm() {
    const ground = box();
    if (!ground || ground.dataset.armed) return;
    ground.dataset.armed = "";
    for (const name of ["touchstart", "touchmove", "touchend", "touchcancel"]) {
      ground.addEventListener(name, touch, { passive: false });
    }
  }

  /* What was chosen, put onto nodes that are new. */
  const nodes = () => [map(), machine(), find("#picked"), items()[0]];
  let settled = [];
  const isNew = () => nodes().some((node, i) => node !== settled[i]);

  function settle() {
    if (!map() || !machine()) return;
    settled = nodes();
    arm();
    if (view[2] !== WHOLE[0]) look(view);
    if (picked || level || !find("#picked").textContent) filter();
    showLinks();
    document.dispatchEvent(new Event("radar-settled"));
  }

  /* Is it just me? ----------------------------------------------------------------------------------------------- */

  async function askHere(form) {
    const button = find("button", form);
    button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", credentials: "omit" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const made = find("#here-answer", page);
      if (!made) throw new Error("no answer");
      find("#here").replaceChildren(document.adoptNode(made));
      showTimes(find("#here"));
      find("#here-answer").focus();
    } catch (e) {
      find("#here").textContent = form.dataset.failed;
    }
    button.disabled = false;
  }

  /* What the reader does ---------------------------------------------------------------------------------------- */

  document.addEventListener("submit", (event) => {
    if (event.target.id === "here-form") { event.preventDefault(); askHere(event.target); }
  });
  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!target.closest) return;
    if (pending && target.closest("a[href]")) write();
    if (target.closest("a[data-clear], button[data-clear]")) { event.preventDefault(); choose(null, ""); return; }
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
    const chip = target.closest(".filters [data-level]");
    if (chip) { choose(picked, level === chip.dataset.level ? "" : chip.dataset.level); return; }
    const glass = target.closest("[data-zoom]");
    if (glass) { if (glass.dataset.zoom === "0") look([0, 0, ...WHOLE]); else zoom(Number(glass.dataset.zoom)); return; }
    if (!target.closest(".map-box svg.map") || !plain) return;
    if (target.closest("a")) event.preventDefault();
    if (drag && drag.moved) return;
    /* where the pointer went down, which is finer than a click's whole pixels */
    const node = event.detail ? meant(...(drag ? [drag.x, drag.y] : [event.clientX, event.clientY])) : target.closest("a.c");
    if (node) pick(code(node));
    hover(null);
  }, true);
  for (const name of ["pointerover", "focusin"]) document.addEventListener(name, (event) => over(event, true));
  for (const name of ["pointerout", "focusout"]) document.addEventListener(name, (event) => over(event, false));
  document.addEventListener("pointerdown", (event) => {
    const drawing = event.target.closest && event.target.closest(".map-box svg.map");
    drag = drawing && event.isPrimary ? { x: event.clientX, y: event.clientY, view: [...view], moved: false } : null;
    const link = drawing && event.target.closest("a");
    const node = link && (link.matches(".c") ? link : meant(event.clientX, event.clientY));
    if (node) link.setAttribute("href", address(node));  /* for whoever opens it in a tab of its own */
  });
  document.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch" || event.buttons) return;
    hover(event.target.closest && event.target.closest(".map-box svg.map") ? meant(event.clientX, event.clientY) : null);
  });
  root.addEventListener("pointerleave", () => hover(null));
  document.addEventListener("pointermove", (event) => {
    if (!drag || pinch || !event.buttons || view[2] === WHOLE[0]) return;
    const dx = event.clientX - drag.x;
    const dy = event.clientY - drag.y;
    if (Math.hypot(dx, dy) > (event.pointerType === "touch" ? 8 : 4)) drag.moved = true;
    if (drag.moved) look([drag.view[0] - dx * scale(), drag.view[1] - dy * scale(), view[2]]);
  });
  document.addEventListener("dragstart", (event) => { if (event.target.closest(".map-box")) event.preventDefault(); });
  document.addEventListener("wheel", (event) => {
    const drawing = event.ctrlKey && event.target.closest && event.target.closest(".map-box svg.map");
    if (!drawing) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, ...onMap(event.clientX, event.clientY));
  }, { passive: false });
  document.addEventListener("keydown", (event) => {
    if (event.target !== box() || event.ctrlKey || event.metaKey || event.altKey) return;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (ways[event.key]) step(...ways[event.key]);
    else if (event.key === "Enter" || event.key === " ") { if (cursor) pick(code(cursor)); }
    else if (event.key === "Escape") { setCursor(null); choose(null, ""); }
    else if (event.key === "+" || event.key === "=") zoom(2, ...(cursor ? spot(cursor) : []));
    else if (event.key === "-") zoom(0.5);
    else if (event.key === "0") look([0, 0, ...WHOLE]);
    else return;
    event.preventDefault();
  });
  document.addEventListener("focusout", (event) => { if (event.target === box()) setCursor(null); });

  /* Back and forth between what was picked: no other page, so nothing is asked of the server. */
  addEventListener("popstate", (event) => {
    event.stopImmediatePropagation();
    clearTimeout(pending);
    pending = 0;
    readAddress();
    filter();
    if (window.radarHome.went) window.radarHome.went(new URLSearchParams(location.search).get("at"));
    showLinks();
  }, true);

  /* A newer publication, or Dash, brings a new drawing and new rows: before they are painted, what was chosen is on them. */
  document.addEventListener("radar-drawn", () => { if (isNew()) settle(); });

  if (map()) { readAddress(); settle(); }

  window.radarHome = {
    map, machine, places, code, kind, make, fill, words, filter, settle, withPick, write,
    /* ``text``: the moment that is shown now; ``at once``: its address is not waited for. */
    show(text, atOnce = false) {
      if (text === moment && !atOnce) return;
      moment = text;
      if (atOnce) write(); else if (!pending) pending = setTimeout(write, PAUSE);
    },
    tell() { if (hovered) tip(hovered); },
  };
})();
