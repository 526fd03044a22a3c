/* The map under pointer, finger and keyboard: which place is meant, its tip, zooming. What is picked is pick.js. */
(function () {
  "use strict";

  const { root, find, all } = window.radarPage;
  const home = window.radarHome;
  const { map, box, places, code, place, kind, make, title, items, touches } = home;

  let cursor = null;   /* the place that the keyboard is at */

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
  const RING = 7.5;  /* px: half of the mark of a region */
  const isRegion = (node) => node.classList.contains("r");
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
    const [mark] = near.filter(([away, node]) => (isDot(node) || isBroken(node)) &&
      away <= (isRegion(node) ? RING : MARK[kind(node)]) + 0.5);
    if (mark && (!land || isRegion(mark[1]) || mark[0] <= far(land))) {
      const same = near.filter(([away]) => away === mark[0]).map(([, node]) => node);
      return same[(same.findIndex((node) => code(node) === home.picked()) + 1) % same.length];
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

  /* What the reader does ---------------------------------------------------------------------------------------- */

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!target.closest) return;
    const glass = target.closest("[data-zoom]");
    if (glass) { if (glass.dataset.zoom === "0") look([0, 0, ...WHOLE]); else zoom(Number(glass.dataset.zoom)); return; }
    if (!target.closest(".map-box svg.map") || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (target.closest("a")) event.preventDefault();
    if (drag && drag.moved) return;
    /* where the pointer went down, which is finer than a click's whole pixels */
    const node = event.detail ? meant(...(drag ? [drag.x, drag.y] : [event.clientX, event.clientY])) : target.closest("a.c, a.r");
    if (node) home.pick(code(node));
    hover(null);
  }, true);
  for (const name of ["pointerover", "focusin"]) document.addEventListener(name, (event) => over(event, true));
  for (const name of ["pointerout", "focusout"]) document.addEventListener(name, (event) => over(event, false));
  document.addEventListener("pointerdown", (event) => {
    const drawing = event.target.closest && event.target.closest(".map-box svg.map");
    drag = drawing && event.isPrimary ? { x: event.clientX, y: event.clientY, view: [...view], moved: false } : null;
    const link = drawing && event.target.closest("a");
    const node = link && (link.matches(".c, .r") ? link : meant(event.clientX, event.clientY));
    if (node) link.setAttribute("href", home.address(code(node)));  /* for whoever opens it in a tab of its own */
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
    else if (event.key === "Enter" || event.key === " ") { if (cursor && cursor.isConnected) home.pick(code(cursor)); }
    else if (event.key === "Escape") { setCursor(null); home.choose(null, ""); }
    else if (event.key === "+" || event.key === "=") zoom(2, ...(cursor ? spot(cursor) : []));
    else if (event.key === "-") zoom(0.5);
    else if (event.key === "0") look([0, 0, ...WHOLE]);
    else return;
    event.preventDefault();
  });
  document.addEventListener("focusout", (event) => { if (event.target === box()) setCursor(null); });

  Object.assign(home, {
    /* A new drawing has taken the place of the old one. */
    mount() {
      arm();
      if (view[2] !== WHOLE[0]) look(view);
    },
    /* The place under the pointer is another state now; a region that was there may be gone. */
    tell() {
      if (cursor && !cursor.isConnected) setCursor(null);
      if (hovered && !hovered.isConnected) hover(null); else if (hovered) tip(hovered);
    },
  });
})();
