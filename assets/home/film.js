/* What /film.json tells of a day, as frames; the strip above the slider. */
(function () {
  "use strict";

  const { find, showTimes, spoken } = window.radarPage;
  const home = window.radarHome;
  const { machine, make, words, iso, time } = home;

  let film = null;      /* what /film.json said, and ``states``: one row of letters for each frame */
  let loading = null;

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
  const frameOf = (when) => (when - film.start) / film.step_s / 1000;  /* between two frames: not a whole number */
  const holds = (when) => film && when !== null && frameOf(when) >= 0 && frameOf(when) < film.n;
  const last = () => (film.day ? film.n - 1 : film.n);  /* beyond the last frame of the last day stands now */

  function load(day) {
    if (loading && loading.day === day) return loading.done;
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
        home.ready();
        if (answer.status !== 202) return;
        await new Promise((resolve) => setTimeout(resolve, 2000));
      }
    })();
    loading = { day, done };
    if (day) hint(words().loading);
    return done;
  }

  function hint(text) {
    const note = find(".gap-words");
    if (!note) return;
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

  Object.assign(home, {
    hint,
    film: {
      now: () => film, load, within, ms, frameOf, holds, last, listed, strip,
      /* The last day has moved on. */
      again() { loading = null; load(null); },
    },
  });
})();
