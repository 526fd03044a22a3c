/* The time machine of the front page: what /film.json tells of a day, shown frame by frame on the map, in the list and in the
   heading, without asking again. home.js holds map and list. */
(function () {
  "use strict";

  const { find, all, showTimes, spoken, say } = window.radarPage;
  const { map, machine, places, code, kind, make, fill, words, filter, settle, withPick } = window.radarHome;
  const root = document.documentElement;
  const KINDS = { x: "outage", d: "degraded", i: "insufficient", o: "ok", "": "none" };
  const LETTERS = Object.fromEntries(Object.entries(KINDS).map(([letter, name]) => [name, letter]));

  const iso = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
  const time = (moment, form) => {
    const told = (shape) => new Intl.DateTimeFormat(root.lang === "en" ? "en-GB" : root.lang, { ...shape, timeZone: "UTC" })
      .format(new Date(moment));
    const clock = `${told({ hour: "2-digit", minute: "2-digit", hour12: false })} UTC`;
    const text = form === "clock" ? clock : `${told({ day: "numeric", month: "long" })}, ${clock}`;
    return make("time", { datetime: moment, "data-form": form }, text);
  };

  /* Frames ----------------------------------------------------------------------------------------------------- */

  let film = null;      /* what /film.json said, and ``states``: one row of letters for each frame */
  let loading = null;
  let at = null;        /* the frame that is shown; null: the page as the server made it */
  let kept = null;      /* what the page said before the first frame was shown */

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
  const moment = (i) => iso(film.start + i * film.step_s * 1000);
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
    if (at !== null) show(Math.min(at, film.n - 1)); else slider.value = last();
    const day = film.day || null;
    find('[data-do="day-forth"]', machine()).disabled = !day;
  }

  function hint(text) {
    const note = find(".gap-words", machine());
    note.hidden = !text;
    note.textContent = text;
  }

  /* How many were open in each frame, and where nothing is known. */
  function strip() {
    const counts = film.states.map((_row, i) => film.outages.filter((one) => open(one, i) && !one.about));
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

  const open = (one, i) => one.frames[0] <= i && i < one.frames[1];

  /* A moment on the page --------------------------------------------------------------------------------------- */

  function keep() {
    if (kept) return;
    kept = {
      heading: find("#heading").firstChild.data,
      counts: all(".legend b").map((node) => node.firstChild.data),
      places: new Map(places().map((node) => [node, [node.className.baseVal, node.firstElementChild.textContent,
        node.getAttribute("href")]])),
      nodes: Object.fromEntries(places().map((node) => [code(node), node])),
      letters: {},
      told: {},
    };
  }

  function putBack() {
    if (!kept) return;
    find("#heading").firstChild.data = kept.heading;
    all(".legend b").forEach((node, i) => { node.firstChild.data = kept.counts[i]; });
    for (const [node, [name, title, href]] of kept.places) {
      node.setAttribute("href", href);
      node.className.baseVal = name;
      node.firstElementChild.textContent = title;
    }
    map().classList.remove("unknown");
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
          const top = node.querySelector(".t") ? null : drawing.querySelector(".disputed");
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

  function list(i, gap) {
    const said = words();
    const some = gap ? [] : film.outages.filter((one) => open(one, i));
    const then = moment(i);
    const rows = some.map((one) => {
      const link = make("a", { href: spoken(`/outage/${one.id}?at=${then}`) }, one.name);
      const facts = make("p", { class: "facts" }, make("span", {}, `${said.since} `, time(one.start, "day")));
      if (one.parts) facts.append(make("span", {}, fill(said.parts, { n: one.parts })));
      if (one.simulated) facts.append(make("span", { class: "tag s-simulated" }, said.simulated));
      const mark = make("span", { class: `state s-${one.level}` },
        make("span", { class: `shape s-${one.level}`, "aria-hidden": "true" }),
        make("span", {}, one.about ? said.attempts : said.states[LETTERS[one.level]]));
      const item = make("article", { class: `item s-${one.level}` }, make("div", { class: "item-head" }, mark),
        make("h3", { class: "sentence" }, link), facts);
      return make("li", { "data-places": one.places.join(" ") }, item);
    });
    const head = make("div", { class: "section-head" }, make("h2", {}, `${said.open} `,
      make("span", { class: "count" }, gap ? "" : String(some.length))));
    const body = rows.length ? make("ul", { class: "plain items" }, ...rows)
      : make("p", { class: "none" }, gap ? gap[3] : said.none);
    const more = gap ? null : make("p", {}, make("a", { href: withPick(spoken(`/?at=${then}`)) }, said.all));
    const old = find("#then-list");
    old.replaceChildren(head, body, ...(more ? [more] : []));
    old.hidden = false;
    showTimes(old);
    filter();
    return some;
  }

  /* Show a frame. Everything that it needs is here: no request, no layout beyond what changes. */
  function show(i) {
    if (!film) return;
    if (i >= film.n) { toNow(); return; }
    keep();
    at = i;
    window.radarHome.show(moment(i));
    root.classList.add("scrubbing");
    const gap = within("gaps", i);
    const said = words();
    paint(i, gap);
    const some = list(i, gap);
    const heading = within("headings", i);
    find("#heading").firstChild.data = gap || !heading ? said.gap : heading[2];
    const ours = within("impaired", i);
    hint(gap ? gap[3] : ours ? ours[2] : "");
    const stamp = time(moment(i), "day");
    find(".moment", machine()).replaceChildren(stamp);
    showTimes(machine());
    const slider = find("#moment");
    slider.value = i;
    const level = (name) => some.filter((one) => one.level === name && !one.about).length;
    slider.setAttribute("aria-valuetext", gap ? `${stamp.textContent}: ${said.gap}` : fill(said.spoken,
      { time: stamp.textContent, outage: level("outage"), degraded: level("degraded") }));
    find(".then-only", machine()).hidden = false;
    find("#at").value = moment(i).slice(0, 16);
  }

  function toNow() {
    stop();
    if (machine().dataset.at) { location.assign(withPick(spoken("/"))); return; }
    at = null;
    window.radarHome.show(null);
    putBack();
    root.classList.remove("scrubbing");
    find("#then-list").hidden = true;
    find(".then-only", machine()).hidden = true;
    find(".moment", machine()).textContent = words().now;
    hint("");
    const slider = find("#moment");
    slider.setAttribute("aria-valuetext", words().now);
    filter();
    if (film && film.day) load(null); else if (film) slider.value = last();
  }

  /* The frame of a moment, of whatever day it is. */
  async function go(text) {
    const wanted = Date.parse(text.length < 19 ? `${text}:00Z` : text);
    if (Number.isNaN(wanted)) return;
    const has = () => film && wanted >= film.start && wanted < film.start + film.n * film.step_s * 1000;
    if (!has()) await load(iso(wanted).slice(0, 10));
    if (!film) return;
    if (has()) show(Math.floor((wanted - film.start) / 1000 / film.step_s));
    else if (!find(".gap-words", machine()).textContent) hint(words().failed);
  }

  async function turn(days) {
    const newest = Date.parse(film ? film.newest : machine().dataset.now);
    const wanted = (at === null ? newest : Date.parse(moment(at))) + days * 86400000;
    if (wanted > newest) toNow(); else await go(iso(wanted));
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
    if (at === null || at >= film.n - 1) show(0);
    find('[data-do="play"]', machine()).textContent = words().pause;
    timer = setInterval(() => {
      if (!machine() || at === null || at >= film.n - 1) { stop(); return; }
      show(at + 1);
    }, 90);
  }

  async function share(button) {
    const link = new URL(withPick(spoken(`/?at=${moment(at)}`)), location.href).href;
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
    back: () => show(Math.max(0, (at === null ? film.n : at) - 1)),
    forth: () => { if (at !== null) show(Math.min(last(), at + 1)); },
    "day-back": () => turn(-1),
    "day-forth": () => turn(1),
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
    if (target.closest(".fresh button") && at !== null) toNow();
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
    if (at !== null) { kept = null; show(at); }
    settle();
  }).observe(root, { attributes: true, attributeFilter: ["class"] });

  /* A newer publication is shown: the last day has moved on. */
  new MutationObserver(() => {
    if (at !== null || (film && film.day)) return;
    loading = null;
    load(null);
  }).observe(document.body, { attributes: true, attributeFilter: ["data-version"] });

  document.addEventListener("radar-settled", () => { if (film && find("#moment").disabled) ready(); });

  const begin = () => {
    const then = machine() && machine().dataset.at;
    if (then) load(then.slice(0, 10)).then(() => {
      if (!film) return;
      const slider = find("#moment");
      slider.value = Math.floor((Date.parse(then) - film.start) / 1000 / film.step_s);
      find(".moment", machine()).replaceChildren(time(then, "day"));
      showTimes(machine());
    });
    else if (machine()) load(null);
  };
  if (window.requestIdleCallback) requestIdleCallback(begin, { timeout: 2500 }); else setTimeout(begin, 1500);
})();
