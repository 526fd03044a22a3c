/* A table that is wider or longer than its box can be scrolled by keys too, also where nothing in it takes the focus. */
(function () {
  "use strict";

  const { find, all, idle } = window.radarPage;
  const FOCUSED = "a[href], button, input, select, summary, [tabindex]";

  function reach() {
    for (const box of all(".scroll")) {
      const over = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
      if (over && !find(FOCUSED, box)) {
        const around = box.closest("figure, section, main"), name = find("caption", box) || (around && find("h1, h2, h3", around));
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        if (name) box.setAttribute("aria-label", name.textContent.trim());
      } else if (box.hasAttribute("tabindex")) {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    }
  }

  /* The row that a long list is about is not left below its fold. */
  function reveal() {
    for (const row of all(".scroll tr[aria-current]:not([data-seen])")) {
      const box = row.closest(".scroll"), over = row.offsetTop + row.offsetHeight - box.clientHeight;
      row.dataset.seen = "";
      if (over > 0) box.scrollTop = over + box.clientHeight / 3;
    }
  }

  const soon = () => idle(1000).then(() => { reach(); reveal(); });
  addEventListener("load", soon);
  addEventListener("resize", () => requestAnimationFrame(reach));
  document.addEventListener("toggle", soon, true);
  document.addEventListener("radar-drawn", soon);

  Object.assign(window.radarPage, { reach });
})();
