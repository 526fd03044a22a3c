/* Times in UTC or in the reader's own zone: those that stand alone, and those in sentences. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { root, find, all, remember, recall } = page;

  let zone = recall("zone") === "local" ? "local" : "utc";
  const language = root.lang === "en" ? "en-GB" : root.lang;
  const format = (parts) => new Intl.DateTimeFormat(language, parts);
  const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  const hours = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const days = {
    clock: null,
    day: format({ day: "numeric", month: "long" }),
    full: format({ day: "numeric", month: "long", year: "numeric" }),
  };
  days.dated = days.day;  /* with its day in any case */

  /* A time in the reader's zone, written as the server writes those in UTC: with its day where that is not the local
     day of the page's now. */
  function local(at, form) {
    const now = new Date(document.body.dataset.now || NaN);
    const near = form === "full" || form === "dated" ? form : at.toDateString() === now.toDateString() ? "clock"
      : at.getFullYear() === now.getFullYear() ? "day" : "full";
    return days[near] ? `${days[near].format(at)}, ${clock.format(at)}` : clock.format(at);
  }

  /* Times in sentences, which the server writes in few forms: "2 March, 14:05 UTC", "14:05 UTC", "13:00–14:00 UTC", "from
     03:00 to 11:10 UTC on 2 March 2026". One without a day is of the day of the page's now. */
  const SAID = (() => {
    const words = find("#zone");
    if (!words) return null;
    const date = `(\\d{1,2}) (?:de )?(${words.dataset.months})(?: (?:de )?(\\d{4}))?`;
    const time = "((?:[01]\\d|2[0-3]):[0-5]\\d)";
    const clocks = `(?:${time}(–| to | and | a las | y las ))?${time} UTC\\b`;
    return new RegExp(`(?:${date}, )?${clocks}(?:( on | del )${date})?`, "g");
  })();
  const QUIET = "time, svg, pre, code, script, style, textarea, .kit, .live";
  const spoken = new WeakMap();  /* text of a page: what it says in UTC, and what in local time */

  function toLocal(text) {
    const now = new Date(document.body.dataset.now || NaN);
    const months = find("#zone").dataset.months.split("|");
    return text.replace(SAID, (whole, d1, m1, y1, first, between, last, on, d2, m2, y2) => {
      const [d, m, y] = d1 ? [d1, m1, y1] : [d2, m2, y2];
      const year = Number(y || now.getUTCFullYear());
      const day = d ? [year, months.indexOf(m), Number(d)] : [year, now.getUTCMonth(), now.getUTCDate()];
      const at = (time) => new Date(Date.UTC(...day, ...time.split(":").map(Number)));
      const end = at(last);
      const begin = first ? at(first) : end;
      if (begin > end) end.setUTCDate(end.getUTCDate() + 1);
      if (Number.isNaN(+end)) return whole;
      const named = (time) => days[y ? "full" : "day"].format(time);
      const join = on || find("#zone").dataset.on;
      const isDated = d || end.toDateString() !== now.toDateString();
      const before = first ? `${hours.format(begin)}${begin.toDateString() === end.toDateString() ? ""
        : `${join}${named(begin)}`}${between}` : "";
      const told = `${before}${clock.format(end)}`;
      if (!isDated) return told;
      return d1 ? `${named(end)}, ${told}` : `${told}${join}${named(end)}`;
    });
  }

  function showSaid(inside) {
    const walker = document.createTreeWalker(inside, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const known = spoken.get(text);
      if (zone === "utc") {
        if (known && text.data === known.local) text.data = known.utc;
      } else if (text.data.includes(" UTC") && !text.parentElement.closest(QUIET)) {
        const local = toLocal(text.data);
        if (local !== text.data) spoken.set(text, { utc: text.data, local });
        text.data = local;
      }
    }
  }

  /* What a text says in UTC, whatever is shown. */
  function inUtc(text) {
    const known = spoken.get(text);
    return known && text.data === known.local ? known.utc : text.data;
  }

  function showTimes(inside) {
    for (const node of all("time[data-form]", inside)) {
      const text = node.firstChild;
      if (!(node.dataset.form in days) || !text) continue;
      if (zone === "local") {
        if (!node.dataset.utc) node.dataset.utc = text.data;
        text.data = local(new Date(node.getAttribute("datetime")), node.dataset.form);
        node.title = node.dataset.utc;
      } else if (node.dataset.utc) {
        text.data = node.dataset.utc;
        delete node.dataset.utc;
        node.removeAttribute("title");
      }
    }
    showSaid(inside || document.body);
    const button = find("#zone");
    if (!button) return;
    button.textContent = button.dataset[zone];
    button.setAttribute("aria-label", button.dataset[zone === "utc" ? "toLocal" : "toUtc"]);
    button.title = zone === "utc" ? "" : button.dataset.note;
  }

  /* What the switch does not reach is said once it is used, and on it as long as it is on. */
  let told = 0;
  function tell() {
    const note = find(".zone-note");
    if (!note) return;
    clearTimeout(told);
    note.textContent = zone === "local" ? find("#zone").dataset.note : "";
    told = setTimeout(() => { note.textContent = ""; }, 6000);
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#zone")) return;
    zone = zone === "utc" ? "local" : "utc";
    remember("zone", zone);
    showTimes();
    tell();
  });

  Object.assign(page, { showTimes, inUtc });
  showTimes();
})();
