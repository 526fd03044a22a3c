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

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#theme, #zone");
    if (!button) return;
    if (button.id === "theme") setTheme(theme() === "dark" ? "light" : "dark");
    else {
      zone = zone === "utc" ? "local" : "utc";
      remember("zone", zone);
      showTimes();
    }
  });

  Object.assign(page, { showTimes, painted: (figure) => (figure && theme() === "dark" ? paint(figure) : figure) });
  showTimes();
})();
