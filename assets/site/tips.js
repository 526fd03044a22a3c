/* The explanation of a term goes away at Escape, and comes back when one returns to it. */
(function () {
  "use strict";

  const { all } = window.radarPage;
  const at = (event) => event.target.closest && event.target.closest(".what");

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const mark of all(".what:hover, .what:focus")) mark.classList.add("hushed");
  });
  for (const sign of ["pointerout", "focusout"]) {
    document.addEventListener(sign, (event) => {
      const mark = at(event);
      if (mark && !mark.contains(event.relatedTarget)) mark.classList.remove("hushed");
    });
  }
  document.addEventListener("click", (event) => { if (at(event)) at(event).classList.remove("hushed"); });
})();
