/* A table that is wider or longer than its box can be scrolled by keys too, also where nothing in it takes the focus. */
(function () {
  "use strict";

  const { find, all, idle } = window.radarPage;
  const FOCUSED = "a[href], button, input, select, summary, [tabindex]";

  function reach() {
    for (const box of all(".scroll")) {
      const over = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
      if (over && !find(FOCUSED, box)) {
        const section = box.closest("section"), heading = section && find("h2, h3", section);
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        if (heading) box.setAttribute("aria-label", heading.textContent.trim());
      } else if (box.hasAttribute("tabindex")) {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    }
  }

  const soon = () => idle(1000).then(reach);
  addEventListener("load", soon);
  addEventListener("resize", () => requestAnimationFrame(reach));
  document.addEventListener("toggle", soon, true);
  document.addEventListener("radar-drawn", soon);
})();
