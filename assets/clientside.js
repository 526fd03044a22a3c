/* The site in the browser: takes the server's page over, paints figures in the reader's theme, keeps the page fresh.
   Plain functions, no build step, nothing fetched from another host. Without this file every page still works. */
(function () {
  "use strict";

  const root = document.documentElement;
  const site = window.radarSite || { dark: {} };
  const words = () => JSON.parse(document.body.dataset.words || "{}");
  /* A page of ours in the language that the address names. */
  const spoken = (path) => {
    const lang = new URLSearchParams(location.search).get("lang");
    return lang ? `${path}${path.includes("?") ? "&" : "?"}lang=${encodeURIComponent(lang)}` : path;
  };
  const find = (selector, inside) => (inside || document).querySelector(selector);
  const all = (selector, inside) => Array.from((inside || document).querySelectorAll(selector));
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch (e) { /* private window */ } };
  const recall = (key) => { try { return localStorage.getItem(key); } catch (e) { return null; } };
  const prop = (id, props) => window.dash_clientside.set_props && window.dash_clientside.set_props(id, props);

  /* Theme ------------------------------------------------------------------------------------------------------ */

  const night = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = () => root.dataset.theme || (night.matches ? "dark" : "light");

  function paint(value) {
    const dark = (window.radarSite || site).dark;
    if (typeof value === "string") return dark[value] || value;
    if (Array.isArray(value)) {
      /* Long lists of numbers stay as they are; steps of a colour scale are pairs of a number and a colour. */
      return typeof value[0] === "number" && typeof value[1] !== "string" ? value : value.map(paint);
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, paint(inner)]));
    }
    return value;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    radar: {
      /* A figure arrives in the colours of the light theme. */
      paint(figure) { return figure && theme() === "dark" ? paint(figure) : figure; },
    },
  });

  function setTheme(name) {
    root.dataset.theme = name;
    remember("theme", name);
    prop("look", { data: name });
  }

  /* Times ------------------------------------------------------------------------------------------------------ */

  let zone = recall("zone") === "local" ? "local" : "utc";
  const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
  const forms = {
    clock: { ...clock, timeZoneName: "short" },
    day: { day: "numeric", month: "long", ...clock, timeZoneName: "short" },
    full: { day: "numeric", month: "long", year: "numeric", ...clock, timeZoneName: "short" },
  };

  function showTimes(inside) {
    for (const node of all("time[data-form]", inside)) {
      const form = forms[node.dataset.form];
      const text = node.firstChild;
      if (!form || !text) continue;
      if (zone === "local") {
        if (!node.dataset.utc) node.dataset.utc = text.data;
        text.data = new Intl.DateTimeFormat(root.lang, form).format(new Date(node.getAttribute("datetime")));
        node.title = node.dataset.utc;
      } else if (node.dataset.utc) {
        text.data = node.dataset.utc;
        delete node.dataset.utc;
        node.removeAttribute("title");
      }
    }
    const button = find("#zone");
    if (button) button.textContent = button.dataset[zone];
  }

  /* Take-over -------------------------------------------------------------------------------------------------- */

  const mount = find("#react-entry-point");

  /* The counterpart of an element of the server's page in Dash's page: the same steps down the tree. */
  function counterpart(node, from, to) {
    const path = [];
    for (let at = node; at !== from; at = at.parentElement) {
      path.unshift(Array.prototype.indexOf.call(at.parentElement.children, at));
    }
    return path.reduce((at, place) => at && at.children[place], to);
  }

  function moveSlots(from, replace) {
    for (const target of all("[data-slot]", mount)) {
      const source = find(`[data-slot="${CSS.escape(target.dataset.slot)}"]`, from);
      if (!source || (target.hasChildNodes() && !replace)) continue;
      if (replace && (find("form", target) || target.closest("details[open]"))) continue;
      target.replaceChildren(...source.childNodes);
    }
  }

  function takeOver() {
    const still = find("#ssr");
    const page = still && find(".page", still);
    const fresh = mount && find(".page", mount);
    if (!page || !fresh || !find("#page-ready", fresh)) return;
    const active = page.contains(document.activeElement) ? document.activeElement : null;
    const same = active && !active.closest("[data-slot]") ? counterpart(active, page, fresh) : active;
    all("details", page).forEach((node) => {
      const twin = counterpart(node, page, fresh);
      if (twin && twin.tagName === "DETAILS") twin.open = node.open;
    });
    moveSlots(page, false);
    root.classList.add("taken");
    still.remove();
    if (same && same.focus) same.focus({ preventScroll: true });
    showTimes(mount);
    if (all("[data-slot]:empty", mount).length) refill();
    root.dataset.taken = Math.round(performance.now());
  }

  async function fetchPage(address) {
    const answer = await fetch(address || location.href, { headers: { Accept: "text/html" } });
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  async function refill() {
    moveSlots(await fetchPage(), false);
    showTimes(mount);
  }

  /* Charts ----------------------------------------------------------------------------------------------------- */

  const DRAWN = ".scatterlayer .trace, .barlayer .trace";

  function wire(drawing, plot) {
    if (plot.radarWired || !plot.on) return;
    plot.radarWired = true;
    const others = () => all(".ts-box[data-live] .js-plotly-plot").filter((other) => other !== plot);
    plot.on("plotly_relayout", (change) => {
      if (plot.radarFollows) return;
      const chosen = change["xaxis.range"] || [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      const whole = change["xaxis.autorange"] ? { "xaxis.autorange": true } : null;
      const range = chosen[0] === undefined ? whole : { "xaxis.range": chosen };
      if (!range) return;
      for (const other of others()) {
        other.radarFollows = true;
        window.Plotly.relayout(other, range).finally(() => { other.radarFollows = false; });
      }
    });
    plot.on("plotly_hover", (event) => {
      if (plot.radarFollows || !event.event) return;
      for (const other of others()) {
        other.radarFollows = true;
        try { window.Plotly.Fx.hover(other, { xval: +new Date(event.points[0].x) }); } catch (e) { /* nothing there */ }
        other.radarFollows = false;
      }
    });
    plot.on("plotly_unhover", () => others().forEach((other) => window.Plotly.Fx.unhover(other)));
  }

  function showDrawn() {
    for (const drawing of all(".drawing:not([data-live])", mount)) {
      const plot = find(".js-plotly-plot", drawing);
      if (plot && find(DRAWN, plot)) {
        wire(drawing, plot);
        drawing.dataset.live = "";
      }
    }
  }

  /* Fresh data ------------------------------------------------------------------------------------------------- */

  let asked = Date.now();
  let touched = false;
  addEventListener("pointerdown", () => { touched = true; }, { passive: true });
  addEventListener("keydown", () => { touched = true; });

  function setBars(page) {
    const now = find("#bars", page);
    if (now) find("#bars").replaceChildren(...now.childNodes);
  }

  async function refresh() {
    const page = await fetchPage();
    const version = Number(page.body.dataset.version);
    setBars(page);
    if (!version) return;
    document.body.dataset.version = version;
    const top = find("#ssr .page", page);
    if (find("#ssr")) {
      if (top) find("#ssr").replaceChildren(top);
      showTimes();
      return;
    }
    prop("refresh", { data: version });
    moveSlots(top, true);
    /* Dash answers a moment later; what it has added by then is filled too. */
    let steps = 0;
    const timer = setInterval(() => {
      moveSlots(top, false);
      showTimes();
      if (++steps > 10) clearInterval(timer);
    }, 300);
  }

  function offer() {
    if (find(".fresh")) return;
    const box = document.createElement("div");
    box.className = "fresh";
    box.setAttribute("role", "status");
    box.textContent = words().fresh;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words().show;
    button.addEventListener("click", () => { box.remove(); touched = false; refresh(); });
    box.append(button);
    document.body.append(box);
  }

  async function poll() {
    if (document.hidden || !Number(document.body.dataset.version)) return;
    asked = Date.now();
    const answer = await fetch("/api/v1/status").catch(() => null);
    if (!answer || answer.status === 503) {
      if (answer) setBars(await fetchPage());
      return;
    }
    const version = (await answer.json()).data.version;
    if (version === Number(document.body.dataset.version)) return;
    if (touched) offer(); else refresh();
  }

  /* Search ------------------------------------------------------------------------------------------------------ */

  function suggest(input) {
    const box = input.closest(".search");
    let list = null;
    let chosen = -1;
    let running = null;
    let timer = 0;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");

    function close() {
      if (list) list.remove();
      list = null;
      chosen = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function choose(place) {
      const options = all('[role="option"]', list);
      if (!options.length) return;
      chosen = (place + options.length) % options.length;
      options.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
      options[chosen].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[chosen].id);
    }

    function show(rows) {
      close();
      list = document.createElement("ul");
      list.className = "suggest";
      list.id = `${input.id}-list`;
      list.setAttribute("role", "listbox");
      rows.forEach((row, i) => {
        const option = document.createElement("li");
        option.id = `${input.id}-option-${i}`;
        option.setAttribute("role", "option");
        option.dataset.path = row.path;
        const name = document.createElement("span");
        name.textContent = row.name;
        const kind = document.createElement("small");
        kind.textContent = row.kind;
        option.append(name, kind);
        if (row.state) {
          const shape = document.createElement("span");
          shape.className = `shape s-${row.state}`;
          option.append(shape);
        }
        list.append(option);
      });
      if (!rows.length) {
        const none = document.createElement("li");
        none.className = "none";
        none.textContent = words().none;
        list.append(none);
      }
      box.append(list);
      input.setAttribute("aria-expanded", "true");
      input.setAttribute("aria-controls", list.id);
      list.addEventListener("pointerdown", (event) => {
        const option = event.target.closest('[role="option"]');
        if (option) { event.preventDefault(); location.assign(spoken(option.dataset.path)); }
      });
    }

    async function ask() {
      const text = input.value.trim();
      if (running) running.abort();
      if (!text) { close(); return; }
      running = new AbortController();
      try {
        const answer = await fetch(spoken(`/suggest.json?q=${encodeURIComponent(text)}`), { signal: running.signal });
        if (answer.ok) show((await answer.json()).data); else close();
      } catch (error) {
        if (error.name !== "AbortError") close();
      }
    }

    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
    input.addEventListener("blur", () => setTimeout(close, 100));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (!list) return;
      if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
      if (event.key === "Enter" && chosen >= 0) {
        event.preventDefault();
        location.assign(spoken(all('[role="option"]', list)[chosen].dataset.path));
      }
    });
  }

  /* Passing a chart on ------------------------------------------------------------------------------------------ */

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch (e) {
      /* Without a secure context there is no clipboard: the text is marked, so that one key copies it. */
      const box = button.previousElementSibling;
      getSelection().selectAllChildren(box);
      return;
    }
    say(button, words().copied);
  }

  /* The button says for a moment what was done, to eyes and to screen readers. */
  function say(button, text) {
    if (!button.dataset.word) button.dataset.word = button.textContent;
    button.setAttribute("aria-live", "polite");
    button.textContent = text;
    setTimeout(() => { button.textContent = button.dataset.word; }, 2000);
  }

  async function png(button) {
    const answer = await fetch(button.dataset.png).catch(() => null);
    if (!answer || !answer.ok) { say(button, words().failed); return; }
    const picture = new Image();
    picture.src = URL.createObjectURL(new Blob([await answer.text()], { type: "image/svg+xml" }));
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 2 * picture.width;
    canvas.height = 2 * picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(picture.src);
    const name = (answer.headers.get("Content-Disposition") || "").match(/filename="([^"]+)\.svg"/);
    const link = document.createElement("a");
    link.href = canvas.toDataURL("image/png");
    link.download = `${name ? name[1] : "radar-chart"}.png`;
    link.click();
  }

  /* For the scripts of single pages. */
  window.radarPage = { find, all, showTimes, spoken, say };

  /* Start ------------------------------------------------------------------------------------------------------- */

  async function openTable(details) {
    const target = find("[data-slot]", details);
    if (!details.open || !target || details.dataset.loaded) return;
    details.dataset.loaded = "1";
    const page = await fetchPage(details.dataset.href);
    const made = find(`[data-slot="${CSS.escape(target.dataset.slot)}"]`, page);
    if (made) target.replaceChildren(...made.childNodes);
  }

  document.addEventListener("toggle", (event) => {
    if (event.target.matches && event.target.matches("details[data-href]")) openTable(event.target);
  }, true);
  document.addEventListener("focusin", (event) => {
    const input = event.target;
    if (input.matches && input.matches(".search input") && !input.hasAttribute("role")) suggest(input);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, textarea, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const input = find(".search input");
      if (input) { event.preventDefault(); input.focus(); }
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#theme, #zone, [data-copy], [data-png]");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    else if (button.dataset.png) png(button);
    else if (button.id === "theme") setTheme(theme() === "dark" ? "light" : "dark");
    else {
      zone = zone === "utc" ? "local" : "utc";
      remember("zone", zone);
      showTimes();
    }
  });
  night.addEventListener("change", () => { if (!root.dataset.theme) prop("look", { data: theme() }); });
  document.addEventListener("visibilitychange", () => { if (Date.now() - asked > 60000) poll(); });
  document.addEventListener("radar-poll", poll);
  setInterval(poll, Number(document.body.dataset.poll || 60) * 1000);

  showTimes();
  if (find(".search input:focus")) suggest(find(".search input:focus"));
  if (mount) {
    let waiting = false;
    const look = () => {
      waiting = false;
      if (!root.classList.contains("taken")) takeOver();
      if (root.classList.contains("taken")) showDrawn();
    };
    new MutationObserver(() => {
      if (!waiting) { waiting = true; requestAnimationFrame(look); }
    }).observe(mount, { childList: true, subtree: true });
  }
})();
