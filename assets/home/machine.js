/* The time machine: its slider, its buttons, playing, sharing; which moment the page shows. */
(function () {
  "use strict";

  const { root, find, all, showTimes, spoken, say } = window.radarPage;
  const home = window.radarHome;
  const { machine, words, fill, iso, stampOf, hint, settle, withPick } = home;
  const { load, within, ms, frameOf, holds, last, strip } = home.film;
  const film = home.film.now;
  const { then } = home;

  let shown = null;     /* the moment that is shown, in ms; null: now */

  /* The moment that the server made the page of; null: now. */
  const own = () => (machine().dataset.at ? Date.parse(machine().dataset.at) : null);

  /* The film of a day is there; the machine may be away for a moment, while Dash draws it anew (radar-settled). */
  function ready() {
    const slider = find("#moment");
    if (!slider) return;
    for (const node of all("button[disabled], input[disabled]", machine())) node.disabled = false;
    slider.max = last();
    hint("");
    strip();
    if (then.isShown() && holds(shown)) show(Math.floor(frameOf(shown))); else controls();
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
    const i = holds(shown) ? Math.floor(frameOf(shown)) : null;
    const gap = i === null ? null : within("gaps", i);
    const ours = i === null ? null : within("impaired", i);
    const slider = find("#moment");
    const stamp = shown === null ? null : stampOf(shown);
    const told = stamp ? stamp.textContent : said.now;
    find(".moment", machine()).replaceChildren(stamp || said.now);
    title = stamp ? `${told} · ${said.site}` : said.site;
    document.title = title;
    if (film()) slider.value = i === null ? last() : i;
    const level = (name) => some.filter((one) => one.level === name && !one.about).length;
    slider.setAttribute("aria-valuetext", gap ? `${told}: ${said.gap}` : !some ? told : fill(said.spoken,
      { time: told, outage: level("outage"), degraded: level("degraded") }));
    find(".then-only", machine()).hidden = shown === null;
    const here = find(".top nav a");
    if (shown === null) here.setAttribute("aria-current", "page"); else here.removeAttribute("aria-current");
    find('[data-do="share"]', machine()).hidden = Boolean(gap);
    for (const button of all("[data-later]", machine())) button.disabled = !film() || shown === null;
    if (film() && then.isShown()) hint(gap ? gap[3] : ours ? ours[2] : "");
    const date = find("#at");
    date.value = shown === null ? date.defaultValue : iso(shown).slice(0, 16);
    showTimes(machine());
  }

  /* Show a frame. Everything that it needs is here: no request, no layout beyond what changes. */
  function show(i) {
    if (!film()) return;
    if (i >= film().n) { toNow(); return; }
    if (ms(i) === own()) { rest(); home.show(iso(shown)); return; }
    if (then.isShown()) { frame(i); return; }
    still(() => {
      then.keep();
      root.classList.add("scrubbing");
      root.classList.toggle("of-then", own() !== null);
      frame(i);
    });
  }

  function frame(i) {
    shown = ms(i);
    home.show(iso(shown));
    controls(then.put(i));
    home.tell();
  }

  /* The page as the server made it. */
  function rest() {
    shown = own();
    still(() => {
      then.putBack();
      root.classList.remove("scrubbing", "of-then");
      find("#then-list").hidden = true;
    });
    hint("");
    controls();
    home.filter();
    home.tell();
  }

  function toNow() {
    stop();
    if (own() !== null) { location.assign(withPick(spoken("/"))); return; }
    rest();
    home.show(null, true);
    if (film() && film().day) load(null);
  }

  /* The frame of a moment, of whatever day it is. */
  async function go(text) {
    const wanted = Date.parse(text.length < 19 ? `${text}:00Z` : text);
    if (Number.isNaN(wanted)) return;
    if (!holds(wanted)) await load(iso(wanted).slice(0, 10));
    if (!film()) return;
    if (holds(wanted)) { show(Math.floor(frameOf(wanted))); return; }
    const why = find(".gap-words", machine()).textContent;
    controls();
    hint(why || words().failed);
  }

  /* So many minutes earlier or later; between two frames, to the next one. */
  function step(minutes) {
    const newest = Date.parse(film().newest);
    const size = film().step_s * 1000;
    const from = shown !== null ? shown : minutes === -5 ? ms(film().n) : newest;
    const wanted = minutes < 0 ? Math.ceil(from / size) * size : Math.floor(from / size) * size;
    const to = wanted + minutes * 60000;
    if (to > newest) toNow(); else go(iso(to));
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
    const [, known] = film().gaps.find(([first]) => first === 0) || [0, 0];
    if (!holds(shown) || frameOf(shown) >= film().n - 1) show(Math.min(known, film().n - 1));
    find('[data-do="play"]', machine()).textContent = words().pause;
    timer = setInterval(() => {
      if (!machine() || !holds(shown) || frameOf(shown) >= film().n - 1) { stop(); return; }
      show(Math.floor(frameOf(shown)) + 1);
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
    if (target.closest(".fresh button") && then.isShown() && own() === null) toNow();
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
    if (then.isShown()) { then.forget(); show(Math.floor(frameOf(shown))); } else if (machine()) controls();
    if (machine()) home.write();
    settle();
  }).observe(root, { attributes: true, attributeFilter: ["class"] });

  /* Dash gives the window the title of the page whenever it has drawn something. */
  new MutationObserver(() => {
    if (shown !== null && document.title !== title) document.title = title;
  }).observe(find("title"), { childList: true });

  /* A newer publication is shown: the last day has moved on. */
  new MutationObserver(() => {
    if (shown !== null || (film() && film().day)) return;
    home.film.again();
  }).observe(document.body, { attributes: true, attributeFilter: ["data-version"] });

  document.addEventListener("radar-settled", () => { if (film() && find("#moment").disabled) ready(); });

  home.ready = ready;

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
