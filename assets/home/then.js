/* A frame of the film on the page: map, list, heading, bars; and the page as it was before. */
(function () {
  "use strict";

  const { find, all, showTimes, spoken, inUtc } = window.radarPage;
  const home = window.radarHome;
  const { map, machine, regions, code, path, kind, make, fill, words, iso, time, stampOf, span } = home;
  const { now: film, within, ms, listed } = home.film;
  const KINDS = { x: "outage", d: "degraded", i: "insufficient", o: "ok", "": "none" };
  const LETTERS = Object.fromEntries(Object.entries(KINDS).map(([letter, name]) => [name, letter]));

  let kept = null;      /* what the page said before the first frame was shown; null: it says so */

  /* Times that the bars on top say of the moment of the page. */
  const clocks = () => all('#bars :is([data-bar="past"], [data-bar="simulated"]) time');

  function keep() {
    if (kept) return;
    const places = all("a.c", map());
    kept = {
      heading: inUtc(find("#heading").firstChild),
      desc: find("#map-desc").textContent,
      counts: all(".legend b").map((node) => node.firstChild.data),
      clocks: new Map(clocks().map((node) => [node, node.cloneNode(true)])),
      places: new Map(places.map((node) => [node, [node.className.baseVal, node.firstElementChild.textContent,
        node.getAttribute("href")]])),
      unknown: map().classList.contains("unknown"),
      regions: regions(),
      nodes: Object.fromEntries(places.map((node) => [code(node), node])),
      letters: {},
      told: {},
      marked: {},
    };
    for (const node of kept.regions) node.remove();
  }

  function putBack() {
    if (!kept) return;
    const heading = find("#heading");
    heading.firstChild.data = kept.heading;
    heading.removeAttribute("title");
    showTimes(heading);
    find("#map-desc").textContent = kept.desc;
    all(".legend b").forEach((node, i) => { node.firstChild.data = kept.counts[i]; });
    for (const node of clocks()) if (kept.clocks.has(node)) node.replaceWith(kept.clocks.get(node));
    for (const [node, [name, title, href]] of kept.places) {
      node.setAttribute("href", href);
      node.className.baseVal = name;
      node.firstElementChild.textContent = title;
    }
    for (const node of regions()) node.remove();
    map().append(...kept.regions);
    map().classList.toggle("unknown", kept.unknown);
    kept = null;
  }

  const draw = (tag, attributes, ...children) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  /* The regions of a frame, as the server draws them (radar/figures/worldmap.py): each by the first of its own rows. */
  function markRegions(some) {
    const rows = new Map();
    for (const one of [...some].reverse()) {
      const [, name] = one.page.match(/^\/region\/(.+)/) || [];
      if (name && film().regions && film().regions[name]) { rows.delete(name); rows.set(name, one); }
    }
    for (const node of regions()) if (!rows.has(code(node))) node.remove();
    for (const [name, one] of rows) {
      const d = `M${film().regions[name].join(" ")}h0`;
      const node = kept.marked[name] ||= draw("a", { href: spoken(path(name)), class: "r s-none", tabindex: "-1" },
        draw("title", {}), ...["t", "h", "w", "p", "o"].map((part) => draw("path", { class: part, d })));
      node.classList.replace(`s-${kind(node)}`, `s-${one.level}`);
      const text = fill(words().region, { name: one.name, state: words().states[LETTERS[one.level]],
        time: time(one.start, "full").textContent });
      node.firstElementChild.textContent = one.simulated ? fill(words().marked, { text }) : text;
      if (!node.isConnected) map().append(node);
    }
    return regions();
  }

  /* Only what differs from the frame before is touched. */
  function paint(i, gap) {
    const drawing = map();
    drawing.classList.toggle("unknown", Boolean(gap));
    const { codes, names, states } = film();
    const letters = states[i];
    const said = words().states;
    codes.forEach((name, number) => {
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
          const top = node.querySelector(".p:not(.b)") ? regions()[0] || null : drawing.querySelector(".disputed");
          drawing.insertBefore(node, top);
        }
      }
      node.firstElementChild.textContent = `${names[name]}: ${said[told]}`;
    });
    const counts = {};
    const count = (name) => { counts[name] = (counts[name] || 0) + 1; };
    for (const letter of letters) count(KINDS[letter]);
    for (const node of gap ? [] : markRegions(listed(i))) count(`region s-${kind(node)}`);
    for (const row of all(".legend li")) {
      const name = find(".shape", row).className.match(/(region )?s-\w+/)[0].replace(/^s-/, "");
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
    const more = gap ? null : make("p", {}, make("a", { href: home.withPick(spoken(`/?at=${iso(ms(i))}`)) }, said.all));
    const old = find("#then-list");
    old.replaceChildren(head, body, ...(more ? [more] : []));
    old.hidden = false;
    showTimes(old);
    home.filter();
    return some;
  }

  /* The whole frame; gives what was open in it. */
  function put(i) {
    const gap = within("gaps", i);
    paint(i, gap);
    const some = list(i, gap);
    const told = within("headings", i);
    const heading = find("#heading");
    heading.firstChild.data = gap || !told ? words().gap : told[2];
    heading.title = heading.firstChild.data;
    find("#map-desc").textContent = heading.title;
    showTimes(heading);
    for (const node of clocks()) {
      const now = time(iso(ms(i)), "full");
      if (!kept.clocks.has(now)) kept.clocks.set(now, kept.clocks.get(node) || node.cloneNode(true));
      node.replaceWith(now);
    }
    if (clocks().length) showTimes(find("#bars"));
    return some;
  }

  home.then = {
    keep, put, putBack,
    isShown: () => Boolean(kept),
    /* Dash has drawn the page anew, so there is nothing to put back. */
    forget() { kept = null; },
  };
})();
