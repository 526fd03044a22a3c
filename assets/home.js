/* The front page: map and list are one thing, by pointer and by keyboard; "is it just me?". Nothing of React's is replaced:
   classes, texts and attributes of its nodes are changed and put back; what is new lies in slots. home-machine.js shows
   the same of another moment. */
(function () {
  "use strict";

  const { find, all, showTimes, spoken } = window.radarPage;
  const root = document.documentElement;

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
    for (const item of items()) {
      const fits = (!picked || touches(item, picked)) && (!level || find(`.item.s-${level}`, item));
      item.classList.toggle("off", !fits);
      if (fits && Boolean(item.closest("#then-list")) === (moment !== null)) shown += 1;
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

  function pick(name) {
    picked = picked === name ? null : name;
    filter();
  }

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
    const node = event.target.closest && event.target.closest(".map-box a.c");
    if (!node) return;
    for (const row of items()) if (touches(row, code(node))) row.classList.toggle("hot", on);
    if (on) tip(node); else tip(null);
  }

  /* By keyboard: arrows go to the nearest place that way; what is broken comes first. */
  const spot = (node) => {
    const path = find(".p", node) || find("path", node);
    const [, x, y] = path.getAttribute("d").match(/M(-?\d+)[ ,]?(-?\d+)/);
    return [Number(x), Number(y)];
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
      const along = (a - x) * dx + (b - y) * dy;
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

  /* Zooming: a smaller part of the same drawing. */
  const WHOLE = [9600, 4283];
  let view = [0, 0, ...WHOLE];

  function look(next) {
    const w = Math.min(Math.max(next[2], WHOLE[0] / 12), WHOLE[0]);
    const h = (w * WHOLE[1]) / WHOLE[0];
    view = [Math.min(Math.max(next[0], 0), WHOLE[0] - w), Math.min(Math.max(next[1], 0), WHOLE[1] - h), w, h];
    map().setAttribute("viewBox", view.map(Math.round).join(" "));
    box().classList.toggle("zoomed", w < WHOLE[0]);
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
  let drag = null;

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
    if (target.closest(".fresh button, [data-clear]")) { picked = null; level = ""; filter(); return; }
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
    const chip = target.closest(".filters [data-level]");
    if (chip) { level = level === chip.dataset.level ? "" : chip.dataset.level; filter(); return; }
    const glass = target.closest("[data-zoom]");
    if (glass) { if (glass.dataset.zoom === "0") look([0, 0, ...WHOLE]); else zoom(Number(glass.dataset.zoom)); return; }
    const node = target.closest(".map-box a.c");
    if (node && plain) {
      event.preventDefault();
      if (!drag || !drag.moved) pick(code(node));
    }
  }, true);
  for (const name of ["pointerover", "focusin"]) document.addEventListener(name, (event) => over(event, true));
  for (const name of ["pointerout", "focusout"]) document.addEventListener(name, (event) => over(event, false));
  document.addEventListener("pointerdown", (event) => {
    const drawing = event.target.closest && event.target.closest(".map-box svg.map");
    drag = drawing ? { x: event.clientX, y: event.clientY, view: [...view], moved: false } : null;
    const node = drawing && event.target.closest("a.c");
    if (node) node.setAttribute("href", address(node));  /* for whoever opens it in a tab of its own */
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag || !event.buttons || view[2] === WHOLE[0]) return;
    const dx = event.clientX - drag.x;
    const dy = event.clientY - drag.y;
    if (Math.hypot(dx, dy) > 4) drag.moved = true;
    if (drag.moved) look([drag.view[0] - dx * scale(), drag.view[1] - dy * scale(), view[2]]);
  });
  document.addEventListener("dragstart", (event) => { if (event.target.closest(".map-box")) event.preventDefault(); });
  document.addEventListener("wheel", (event) => {
    const drawing = event.ctrlKey && event.target.closest && event.target.closest(".map-box svg.map");
    if (!drawing) return;
    event.preventDefault();
    const ground = drawing.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, view[0] + (event.clientX - ground.x) * scale(), view[1] + (event.clientY - ground.y) * scale());
  }, { passive: false });
  document.addEventListener("keydown", (event) => {
    if (event.target !== box() || event.ctrlKey || event.metaKey || event.altKey) return;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (ways[event.key]) step(...ways[event.key]);
    else if (event.key === "Enter" || event.key === " ") { if (cursor) pick(code(cursor)); }
    else if (event.key === "Escape") { picked = null; level = ""; setCursor(null); filter(); }
    else if (event.key === "+" || event.key === "=") zoom(2, ...(cursor ? spot(cursor) : []));
    else if (event.key === "-") zoom(0.5);
    else if (event.key === "0") look([0, 0, ...WHOLE]);
    else return;
    event.preventDefault();
  });
  document.addEventListener("focusout", (event) => { if (event.target === box()) setCursor(null); });

  window.radarHome = { map, machine, places, code, kind, make, fill, words, filter, show(text) { moment = text; } };
})();
