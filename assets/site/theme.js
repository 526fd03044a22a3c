/* Light or dark, and the colours of figures in it. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { root, remember, prop } = page;

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

  document.addEventListener("click", (event) => {
    if (event.target.closest("#theme")) setTheme(theme() === "dark" ? "light" : "dark");
  });

  Object.assign(page, { painted: (figure) => (figure && theme() === "dark" ? paint(figure) : figure) });
})();
