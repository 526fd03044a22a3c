/* A list that a form narrows (form[data-narrows]): the form, the columns and the links beside it are answered in place.
   Without this file all of them load the page. */
(function () {
  "use strict";

  const SLOTS = ["outages-count", "outages-found"];
  const slot = (name, inside) => (inside || document).querySelector(`[data-slot="${name}"]`);
  const form = () => document.querySelector("form[data-narrows]");
  /* The page is Dash's, and is not about the past, where links are another matter. */
  const ready = () => form() && slot(SLOTS[1]) && document.documentElement.classList.contains("taken");
  let asked = 0;
  let seen = location.search;

  function addressOf(which) {
    const rows = [...new FormData(which)].filter(([name, value]) => value && !(name === "sort" && value === "status"));
    const query = new URLSearchParams(rows).toString();
    return `${location.pathname}${query ? `?${query}` : ""}`;
  }

  async function show(address, replace) {
    const mine = ++asked;
    const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
    if (mine !== asked) return false;
    if (!answer || !answer.ok) { location.assign(address); return false; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return false;
    for (const name of SLOTS) {
      const made = slot(name, page);
      if (made && slot(name)) slot(name).replaceChildren(...made.childNodes);
    }
    history[replace ? "replaceState" : "pushState"]({}, "", address);
    seen = location.search;
    window.radarPage.showTimes();
    return true;
  }

  /* What the address asks for, in the form. */
  function fill() {
    const query = new URLSearchParams(location.search);
    for (const field of form().querySelectorAll("select, input[type=search]")) {
      field.value = query.get(field.name) || (field.name === "sort" ? "status" : "");
    }
  }

  document.addEventListener("submit", (event) => {
    if (event.target !== form() || !ready()) return;
    event.preventDefault();
    show(addressOf(event.target));
  });
  document.addEventListener("change", (event) => {
    /* Leaving a field after typing says nothing new, and must not pull the link away that is being clicked. */
    const typed = event.target.type === "search";
    if (ready() && !typed && event.target.form === form()) show(addressOf(form()));
  });
  let timer = 0;
  document.addEventListener("input", (event) => {
    if (!ready() || event.target.form !== form() || event.target.type !== "search") return;
    clearTimeout(timer);
    timer = setTimeout(() => show(addressOf(form()), true), 250);
  });
  document.addEventListener("click", async (event) => {
    const link = event.target.closest && event.target.closest("a");
    if (!link || !ready() || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.pathname !== location.pathname || link.hash || !SLOTS.some((name) => slot(name).contains(link))) return;
    event.preventDefault();
    if (!await show(link.href)) return;
    fill();
    const again = link.dataset.sort ? `[data-sort="${link.dataset.sort}"]` : ".count-line";
    const next = document.querySelector(again);
    if (next) next.focus();
  });
  addEventListener("popstate", () => {
    if (form() && location.search !== seen) location.reload();
  });
})();
