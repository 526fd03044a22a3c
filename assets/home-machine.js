/* The time machine of the front page: what /film.json tells of a day, shown frame by frame on the map, in the list and in the
   heading, without asking again. home.js holds map and list. */
(function () {
  "use strict";

  const { find, all, showTimes, spoken, say } = window.radarPage;
  const home = window.radarHome;
  const { map, machine, places, code, kind, make, fill, words, filter, settle, withPick } = home;
  const root = document.documentElement;
  const KINDS = { x: "outage", d: "degraded", i: "insufficient", o: "ok", "": "none" };
  const LETTERS = Object.fromEntries(Object.entries(KINDS).map(([letter, name]) => [name, letter]));

  const iso = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
  const time = (moment, form) => {
    const told = (shape) => new Intl.DateTimeFormat(root.lang === "en" ? "en-GB" : root.lang, { ...shape, timeZone: "UTC" })
      .format(new Date(moment));
    const clock = `${told({ hour: "2-digit", minute: "2-digit", hour12: false })} UTC`;
    const day = { day: "numeric", month: "long", ...(form === "full" ? { year: "numeric" } : {}) };
    const text = form === "clock" ? clock : `${told(day)}, ${clock}`;
    return make("time", { datetime: moment, "data-form": form }, text);
  };
  /* The year is said where it is not that of the newest publication. */
  const stampOf = (ms) => time(iso(ms), iso(ms).slice(0, 4) === machine().dataset.now.slice(0, 4) ? "day" : "full");
  const span = (minutes) => {
    const said = words().spans;
    const days = Math.round(minutes / 1440);
    if (minutes < 60) return fill(said.m, { n: minutes });
    if (minutes >= 2880) return fill(days === 1 ? said.day : said.days, { n: days });
    const [h, m] = [Math.floor(minutes / 60), minutes % 60];
    return fill(m ? said.hm : said.h, { h, m });
  };

  /* Frames ----------------------------------------------------------------------------------------------------- */

  let film = null;      /* what /film.json said, and ``states``: one row of letters for each frame */
  let loading = null;
  let shown = null;     /* the moment that is shown, in ms; null: now */
  let kept = null;      /* what the page said before the first frame was shown; null: it says so */

  function unroll(told) {
    const codes = Object.keys(told.names);
    const place = Object.fromEntries(codes.map((name, i) => [name, i]));
    const row = codes.map(() => "");
    const changes = {};
    for (const change of told.changes) (changes[change[0]] ||= []).push(change);
    const states = [];
    for (let i = 0; i < told.n; i += 1) {
      for (const [, name, letter] of changes[i] || []) row[place[name]] = letter;
      states.push(row.join(" "));
    }
    return { ...told, codes, states: states.map((one) => one.split(" ")), start: Date.parse(told.since) };
  }

  const within = (name, i) => film[name].find((row) => row[0] <= i && i < row[1]);
  const ms = (i) => film.start + i * film.step_s * 1000;
  const place = (when) => (when - film.start) / film.step_s / 1000;  /* between two frames: not a whole number */
  const holds = (when) => film && when !== null && place(when) >= 0 && place(when) < film.n;
  /* The moment that the server made the page of; null: now. */
  const own = () => (machine().dataset.at ? Date.parse(machine().dataset.at) : null);
  const last = () => (film.day ? film.n - 1 : film.n);  /* beyond the last frame of the last day stands now */

  function load(day) {
    if (loading && loading.day === day) return loading.done;
    const note = find(".gap-words", machine());
    const done = (async () => {
      for (let tries = 0; tries < 30; tries += 1) {
        const answer = await fetch(spoken(day ? `/film.json?day=${day}` : "/film.json")).catch(() => null);
        if (loading.done !== done) return;
        const told = answer ? await answer.json().catch(() => null) : null;
        if (!answer || answer.status >= 400 || !told) {
          hint((told && told.why) || words().failed);
          loading = null;
          return;
        }
        film = { ...unroll(told), day };
        ready();
        if (answer.status !== 202) return;
        await new Promise((resolve) => setTimeout(resolve, 2000));
      }
    })();
    loading = { day, done };
    if (day && note) hint(words().loading);
    return done;
  }

  function ready() {
    for (const node of all("button[disabled], input[disabled]", machine())) node.disabled = false;
    const slider = find("#moment");
    slider.max = last();
    hint("");
    strip();
    if (kept && holds(shown)) show(Math.floor(place(shown))); else controls();
  }

  function hint(text) {
    const note = find(".gap-words", machine());
    note.hidden = !text;
    note.textContent = text;
  }

  /* How many were open in each frame, and where nothing is known. */
  function strip() {
    const counts = film.states.map((_row, i) => listed(i).filter((one) => !one.about));
    const most = Math.max(4, ...counts.map((some) => some.length));
    const bars = (some, y) => some.map((n, i) => (n ? `M${i} ${most - y[i]}h1v${-n}h-1z` : "")).join("");
    const down = counts.map((some) => some.filter((one) => one.level === "outage").length);
    const weak = counts.map((some, i) => some.length - down[i]);
    const across = (rows, name) => rows.map(([i, j]) => make("div", { class: name,
      style: `inset-inline-start:${(100 * i) / last()}%;inline-size:${(100 * (j - i)) / last()}%` }));
    const drawn = `<svg viewBox="0 0 ${last()} ${most}" preserveAspectRatio="none"><path class="x" ` +
      `d="${bars(down, down.map(() => 0))}"/><path class="d" d="${bars(weak, down)}"/></svg>`;
    const box = find(".strip", machine());
    box.innerHTML = drawn;
    box.append(...across(film.gaps, "hole"), ...across(film.impaired, "ours"));
    const hours = [];
    for (let i = 0; i < film.n; i += 1) {
      const now = new Date(film.start + i * film.step_s * 1000);
      if (now.getUTCMinutes() === 0 && now.getUTCHours() % 6 === 0 && i > film.n / 16 && i < film.n * 15 / 16) {
        const tick = time(iso(+now), "clock");
        tick.style.insetInlineStart = `${(100 * i) / last()}%`;
        hours.push(tick);
      }
    }
    find(".ticks", machine()).replaceChildren(...hours);
    showTimes(machine());
  }

  /* What was open in a frame, in the order in which the page of that moment lists it. */
  function listed(i) {
    const [, , some] = within("lists", i) || [0, 0, []];
    return some.map((number) => film.outages[number]);
  }

  /* A moment on the page --------------------------------------------------------------------------------------- */

  /* Times that the bars on top say of the moment of the page. */
  const clocks = () => all('#bars :is([data-bar="past"], [data-bar="simulated"]) time');

  function keep() {
    if (kept) return;
    kept = {
      heading: find("#heading").firstChild.data,
      desc: find("#map-desc").textContent,
      counts: all(".legend b").map((node) => node.firstChild.data),
      clocks: new Map(clocks().map((node) => [node, node.cloneNode(true)])),
      places: new Map(places().map((node) => [node, [node.className.baseVal, node.firstElementChild.textContent,
        node.getAttribute("href")]])),
      unknown: map().classList.contains("unknown"),
      nodes: Object.fromEntries(places().map((node) => [code(node), node])),
      letters: {},
      told: {},
    };
  }

  function putBack() {
    if (!kept) return;
    find("#heading").firstChild.data = kept.heading;
    find("#heading").removeAttribute("title");
    find("#map-desc").textContent = kept.desc;
    all(".legend b").forEach((node, i) => { node.firstChild.data = kept.counts[i]; });
    for (const node of clocks()) if (kept.clocks.has(node)) node.replaceWith(kept.clocks.get(node));
    for (const [node, [name, title, href]] of kept.places) {
      node.setAttribute("href", href);
      node.className.baseVal = name;
      node.firstElementChild.textContent = title;
    }
    map().classList.toggle("unknown", kept.unknown);
    kept = null;
  }

  /* Only what differs from the frame before is touched. */
  function paint(i, gap) {
    const drawing = map();
    drawing.classList.toggle("unknown", Boolean(gap));
    const letters = film.states[i];
    const said = words().states;
    film.codes.forEach((name, number) => {
      const letter = letters[number];
      const told = gap ? "?" : letter;
      const node = kept.nodes[name];
      if (!node || (kept.letters[name] === letter && kept.told[name] === told)) return;
      kept.letters[name] = letter;
      kept.told[name] = told;
      const now = `s-${KINDS[letter]}`;
      if (!node.classList.contains(now)) {
        node.classList.remove(`s-${kind(node)}`);
        node.classList.add(now);
        /* what is broken is drawn over its neighbours */
        if (letter === "x" || letter === "d") {
          const top = node.querySelector(".p:not(.b)") ? null : drawing.querySelector(".disputed");
          drawing.insertBefore(node, top);
        }
      }
      node.firstElementChild.textContent = `${film.names[name]}: ${said[told]}`;
    });
    const counts = {};
    for (const letter of letters) counts[KINDS[letter]] = (counts[KINDS[letter]] || 0) + 1;
    for (const row of all(".legend li")) {
      const name = find(".shape", row).className.match(/s-(\w+)/)[1];
      find("b", row).firstChild.data = gap ? "–" : String(counts[name] || 0);
    }
  }

  function line(one, now) {
    const said = words();
    const then = iso(now);
    const ago = fill(said.ago, { duration: span(Math.max(0, Math.round((now - Date.parse(one.start)) / 60000))) });
    const isToday = one.start.slice(0, 10) === then.slice(0, 10);
    const when = isToday ? time(one.start, "clock") : stampOf(Date.parse(one.start));
    const facts = make("p", { class: "facts" }, make("span", { class: "when" }, `${said.since} `, when, ` (${ago})`),
      ...(one.facts || []).map((text) => make("span", {}, text)));
    if (one.simulated) facts.append(make("span", { class: "tag s-simulated" }, said.simulated));
    const mark = make("span", { class: `state s-${one.level}` },
      make("span", { class: `shape s-${one.level}`, "aria-hidden": "true" }),
      make("span", {}, one.about ? said.attempts : said.states[LETTERS[one.level]]));
    const asOf = (path) => spoken(`${path}${path.includes("?") ? "&" : "?"}at=${then}`);
    const page = make("a", { class: "place", href: one.about ? spoken(one.page) : asOf(one.page) }, one.name);
    const sentence = make("h3", { class: "sentence" }, make("a", { href: asOf(`/outage/${one.id}`) }, one.sentence));
    return make("li", { "data-places": (one.places || []).join(" ") }, make("article", { class: `item s-${one.level}` },
      make("div", { class: "item-head" }, mark, page), sentence, facts,
      one.parts ? make("p", { class: "note" }, fill(said.parts[one.parts === 1 ? 0 : 1], { n: one.parts })) : null));
  }

  function list(i, gap) {
    const said = words();
    const some = gap ? [] : listed(i);
    const head = make("div", { class: "section-head" }, make("h2", {}, `${said.open} `,
      make("span", { class: "count" }, gap ? "" : String(some.length))));
    const body = some.length ? make("ul", { class: "plain items" }, ...some.map((one) => line(one, ms(i))))
      : make("p", { class: "none" }, gap ? gap[3] : said.none);
    const more = gap ? null : make("p", {}, make("a", { href: withPick(spoken(`/?at=${iso(ms(i))}`)) }, said.all));
    const old = find("#then-list");
    old.replaceChildren(head, body, ...(more ? [more] : []));
    old.hidden = false;
    showTimes(old);
    filter();
    return some;
  }

  /* The slider stays where it is on the screen when the heading gets its room, and what is over it another order. */
  function still(change) {
    const slider = find("#moment");
    const before = slider.getBoundingClientRect().top;
    change();
    const moved = slider.getBoundingClientRect().top - before;
    if (Math.abs(moved) > 0.5) scrollBy({ top: moved, behavior: "instant" });
  }

  let title = document.title;

  /* What the machine itself says of the moment that is shown. ``some``: what was open in its frame. */
  function controls(some = null) {
    const said = words();
    const i = holds(shown) ? Math.floor(place(shown)) : null;
    const gap = i === null ? null : within("gaps", i);
    const ours = i === null ? null : within("impaired", i);
    const slider = find("#moment");
    const stamp = shown === null ? null : stampOf(shown);
    const told = stamp ? stamp.textContent : said.now;
    find(".moment", machine()).replaceChildren(stamp || said.now);
    title = stamp ? `${told} · ${said.site}` : said.site;
    document.title = title;
    if (film) slider.value = i === null ? last() : i;
    const level = (name) => some.filter((one) => one.level === name && !one.about).length;
    slider.setAttribute("aria-valuetext", gap ? `${told}: ${said.gap}` : !some ? told : fill(said.spoken,
      { time: told, outage: level("outage"), degraded: level("degraded") }));
    find(".then-only", machine()).hidden = shown === null;
    const here = find(".top nav a");
    if (shown === null) here.setAttribute("aria-current", "page"); else here.removeAttribute("aria-current");
    find('[data-do="share"]', machine()).hidden = Boolean(gap);
    for (const button of all("[data-later]", machine())) button.disabled = !film || shown === null;
    if (film && kept) hint(gap ? gap[3] : ours ? ours[2] : "");
    const date = find("#at");
    date.value = shown === null ? date.defaultValue : iso(shown).slice(0, 16);
    showTimes(machine());
  }

  /* Show a frame. Everything that it needs is here: no request, no layout beyond what changes. */
  function show(i) {
    if (!film) return;
    if (i >= film.n) { toNow(); return; }
    if (ms(i) === own()) { rest(); home.show(iso(shown)); return; }
    if (!kept) { still(() => {
      keep();
      root.classList.add("scrubbing");
      root.classList.toggle("of-then", own() !== null);
      frame(i);
    }); return; }
    frame(i);
  }

  function frame(i) {
    shown = ms(i);
    home.show(iso(shown));
    const gap = within("gaps", i);
    const said = words();
    paint(i, gap);
    const some = list(i, gap);
    const told = within("headings", i);
    const heading = find("#heading");
    heading.firstChild.data = gap || !told ? said.gap : told[2];
    heading.title = heading.firstChild.data;
    find("#map-desc").textContent = heading.title;
    for (const node of clocks()) {
      const now = time(iso(shown), "full");
      if (!kept.clocks.has(now)) kept.clocks.set(now, kept.clocks.get(node) || node.cloneNode(true));
      node.replaceWith(now);
    }
    if (clocks().length) showTimes(find("#bars"));
    controls(some);
    home.tell();
  }

  /* The page as the server made it. */
  function rest() {
    shown = own();
    still(() => {
      putBack();
      root.classList.remove("scrubbing", "of-then");
      find("#then-list").hidden = true;
    });
    hint("");
    controls();
    filter();
  }

  function toNow() {
    stop();
    if (own() !== null) { location.assign(withPick(spoken("/"))); return; }
    rest();
    home.show(null, true);
    if (film && film.day) load(null);
  }

  /* The frame of a moment, of whatever day it is. */
  async function go(text) {
    const wanted = Date.parse(text.length < 19 ? `${text}:00Z` : text);
    if (Number.isNaN(wanted)) return;
    if (!holds(wanted)) await load(iso(wanted).slice(0, 10));
    if (!film) return;
    if (holds(wanted)) { show(Math.floor(place(wanted))); return; }
    const why = find(".gap-words", machine()).textContent;
    controls();
    hint(why || words().failed);
  }

  /* So many minutes earlier or later; between two frames, to the next one. */
  function step(minutes) {
    const newest = Date.parse(film.newest);
    const size = film.step_s * 1000;
    const from = shown !== null ? shown : minutes === -5 ? ms(film.n) : newest;
    const wanted = minutes < 0 ? Math.ceil(from / size) * size : Math.floor(from / size) * size;
    const then = wanted + minutes * 60000;
    if (then > newest) toNow(); else go(iso(then));
  }

  /* Playing ---------------------------------------------------------------------------------------------------- */

  let timer = 0;

  function stop() {
    clearInterval(timer);
    timer = 0;
    find('[data-do="play"]', machine()).textContent = words().play;
  }

  function play() {
    if (timer) { stop(); return; }
    /* from where something is known */
    const [, known] = film.gaps.find(([first]) => first === 0) || [0, 0];
    if (!holds(shown) || place(shown) >= film.n - 1) show(Math.min(known, film.n - 1));
    find('[data-do="play"]', machine()).textContent = words().pause;
    timer = setInterval(() => {
      if (!machine() || !holds(shown) || place(shown) >= film.n - 1) { stop(); return; }
      show(Math.floor(place(shown)) + 1);
    }, 90);
  }

  async function share(button) {
    const link = new URL(withPick(spoken(`/?at=${iso(shown)}`)), location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      say(button, words().copied);
    } catch (e) {
      /* Without a secure context there is no clipboard: the link itself is shown, to be copied by hand. */
      hint(link);
      getSelection().selectAllChildren(find(".gap-words", machine()));
    }
  }

  const deeds = {
    play,
    share,
    now: toNow,
    back: () => step(-5),
    forth: () => step(5),
    "hour-back": () => step(-60),
    "hour-forth": () => step(60),
    "day-back": () => step(-1440),
    "day-forth": () => step(1440),
  };

  document.addEventListener("input", (event) => {
    if (event.target.id === "moment") { stop(); show(Number(event.target.value)); }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id === "machine") { event.preventDefault(); go(find("#at").value); }
  });
  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!target.closest) return;
    if (target.closest(".fresh button") && kept && own() === null) toNow();
    const deed = target.closest("[data-do]");
    if (deed) { if (deed.dataset.do !== "play") stop(); deeds[deed.dataset.do](deed); }
    const ago = target.closest(".ago a");
    if (ago && !(event.ctrlKey || event.metaKey || event.shiftKey || event.button)) {
      event.preventDefault();
      go(new URL(ago.href).searchParams.get("at"));
    }
  }, true);

  /* When Dash takes over, heading and list are new nodes: what is shown is put onto them. */
  new MutationObserver(() => {
    if (!root.classList.contains("taken") || root.dataset.home) return;
    root.dataset.home = "1";
    if (kept) { kept = null; show(Math.floor(place(shown))); } else if (machine()) controls();
    if (machine()) home.write();
    settle();
  }).observe(root, { attributes: true, attributeFilter: ["class"] });

  /* Dash gives the window the title of the page whenever it has drawn something. */
  new MutationObserver(() => {
    if (shown !== null && document.title !== title) document.title = title;
  }).observe(find("title"), { childList: true });

  /* A newer publication is shown: the last day has moved on. */
  new MutationObserver(() => {
    if (shown !== null || (film && film.day)) return;
    loading = null;
    load(null);
  }).observe(document.body, { attributes: true, attributeFilter: ["data-version"] });

  document.addEventListener("radar-settled", () => { if (film && find("#moment").disabled) ready(); });

  /* Back and forth in the reader's history: from an address of one moment to one of another. */
  home.went = (text) => {
    const wanted = text === null ? null : Date.parse(text.length < 19 ? `${text}:00Z` : text);
    if (wanted === shown) return;
    stop();
    if (wanted === own()) { rest(); home.show(text); } else if (wanted === null) location.reload(); else go(text);
  };

  /* What is shown already is the moment of the page; the film of its day follows. */
  if (machine()) {
    shown = own();
    if (shown !== null) { home.show(iso(shown)); controls(); }
  }

  const begin = () => { if (machine()) load(shown === null ? null : iso(shown).slice(0, 10)); };
  if (window.requestIdleCallback) requestIdleCallback(begin, { timeout: 2500 }); else setTimeout(begin, 1500);
})();
