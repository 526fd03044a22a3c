/* Light or dark, and the colours of figures in it; times in UTC or in the reader's own zone. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { root, find, all, remember, recall, prop } = page;

  /* Theme ------------------------------------------------------------------------------------------------------ */

  const night = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = () => root.dataset.theme || (night.matches ? "dark" : "light");

  /* A figure arrives in the colours of the light theme. */
  function paint(value) {
    const dark = (window.radarSite || { dark: {} }).dark;
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

  function setTheme(name) {
    root.dataset.theme = name;
    remember("theme", name);
    prop("look", { data: name });
  }

  night.addEventListener("change", () => { if (!root.dataset.theme) prop("look", { data: theme() }); });

  /* Times ------------------------------------------------------------------------------------------------------ */

  let zone = recall("zone") === "local" ? "local" : "utc";
  const language = root.lang === "en" ? "en-GB" : root.lang;
  const format = (parts) => new Intl.DateTimeFormat(language, parts);
  const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  const days = {
    clock: null,
    day: format({ day: "numeric", month: "long" }),
    full: format({ day: "numeric", month: "long", year: "numeric" }),
  };

  /* A time in the reader's zone, written as the server writes those in UTC: with its day where that is not the local
     day of the page's now. */
  function local(at, form) {
    const now = new Date(document.body.dataset.now || NaN);
    const near = form === "full" ? form : at.toDateString() === now.toDateString() ? "clock"
      : at.getFullYear() === now.getFullYear() ? "day" : "full";
    return days[near] ? `${days[near].format(at)}, ${clock.format(at)}` : clock.format(at);
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
    const button = event.target.closest("#theme, #zone");
    if (!button) return;
    if (button.id === "theme") setTheme(theme() === "dark" ? "light" : "dark");
    else {
      zone = zone === "utc" ? "local" : "utc";
      remember("zone", zone);
      showTimes();
      tell();
    }
  });

  Object.assign(page, { showTimes, painted: (figure) => (figure && theme() === "dark" ? paint(figure) : figure) });
  showTimes();
})();
