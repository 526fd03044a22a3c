/* Dash's page takes the place of the server's, which is the same: what was opened, moved or focused stays so. */
(function () {
  "use strict";

  const page = window.radarPage;
  const { root, find, all, fetchPage, showTimes } = page;
  const mount = find("#react-entry-point");

  /* The counterpart of an element of the server's page in Dash's page: the same steps down the tree. */
  function counterpart(node, from, to) {
    const path = [];
    for (let at = node; at !== from; at = at.parentElement) {
      path.unshift(Array.prototype.indexOf.call(at.parentElement.children, at));
    }
    return path.reduce((at, place) => at && at.children[place], to);
  }

  /* How many slots got something. */
  function moveSlots(from, replace) {
    let moved = 0;
    for (const target of all("[data-slot]", mount)) {
      const source = find(`[data-slot="${CSS.escape(target.dataset.slot)}"]`, from);
      if (!source || (target.hasChildNodes() && !replace)) continue;
      if (replace && (find("form", target) || target.closest("details[open]"))) continue;
      const open = all("details", target).map((node) => node.open);
      target.replaceChildren(...source.childNodes);
      all("details", target).forEach((node, i) => { node.open = node.open || Boolean(open[i]); });
      moved += target.hasChildNodes() ? 1 : 0;
    }
    return moved;
  }

  async function refill() {
    moveSlots(await fetchPage(), false);
    showTimes(mount);
  }

  function takeOver() {
    const still = find("#ssr");
    const old = still && find(".page", still);
    const fresh = mount && find(".page", mount);
    if (!old || !fresh || !find("#page-ready", fresh)) return;
    const active = old.contains(document.activeElement) ? document.activeElement : null;
    const same = active && !active.closest("[data-slot]") ? counterpart(active, old, fresh) : active;
    all("details", old).forEach((node) => {
      const twin = counterpart(node, old, fresh);
      if (twin && twin.tagName === "DETAILS") twin.open = node.open;
    });
    moveSlots(old, false);
    root.classList.add("taken");
    still.remove();
    if (same && same.focus) same.focus({ preventScroll: true });
    showTimes(mount);
    if (all("[data-slot]:empty", mount).length) refill();
    root.dataset.taken = Math.round(performance.now());
  }

  Object.assign(page, { mount, moveSlots });

  if (mount) {
    let waiting = false;
    const look = () => {
      waiting = false;
      if (!root.classList.contains("taken")) takeOver();
      if (root.classList.contains("taken")) document.dispatchEvent(new Event("radar-drawn"));
    };
    new MutationObserver(() => {
      if (!waiting) { waiting = true; requestAnimationFrame(look); }
    }).observe(mount, { childList: true, subtree: true });
  }
})();
