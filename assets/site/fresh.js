/* Is there a newer publication? One small number is asked for; the page follows by itself, or is offered where somebody
   works with it. */
(function () {
  "use strict";

  const { find, all, words, prop, fetchPage, moveSlots, showTimes } = window.radarPage;

  let asked = Date.now();
  let touched = false;
  let unanswered = 0;
  let spare = null;  /* what the newest publication says, for slots that Dash draws anew */
  addEventListener("pointerdown", () => { touched = true; }, { passive: true });
  addEventListener("keydown", () => { touched = true; });

  function setBars(page) {
    const now = find("#bars", page);
    if (now) find("#bars").replaceChildren(...now.childNodes);
  }

  const stale = () => find('#bars [data-bar="stale"]');

  /* Nobody answers: a page that stays open says so, for a calm map of hours ago is no calm map. */
  function unreachable() {
    if (stale()) return;
    const bar = document.createElement("div");
    bar.className = "bar bar-stale";
    bar.dataset.bar = "stale";
    bar.setAttribute("role", "alert");
    const inside = document.createElement("div");
    inside.className = "bar-in";
    const title = document.createElement("strong");
    title.textContent = words().stale;
    inside.append(title, ` ${words().silent}`);
    bar.append(inside);
    find("#bars").prepend(bar);
  }

  async function refresh(page = null) {
    page = page || await fetchPage();
    const version = Number(page.body.dataset.version);
    setBars(page);
    if (!version) return;
    document.body.dataset.version = version;
    document.body.dataset.now = page.body.dataset.now;
    find(".print-only").replaceChildren(...find(".print-only", page).childNodes);
    const top = find("#ssr .page", page);
    if (find("#ssr")) {
      if (top) find("#ssr").replaceChildren(top);
      showTimes();
      document.dispatchEvent(new Event("radar-drawn"));
      return;
    }
    spare = top.cloneNode(true);
    prop("refresh", { data: `${version} ${Boolean(stale())}` });
    moveSlots(top, true);
    showTimes();
  }

  /* Dash may draw the page anew, a moment or much later, and its slots are empty then. */
  document.addEventListener("radar-drawn", () => {
    if (!spare || !all("[data-slot]:empty").length) return;
    const [source, waits] = [spare, spare.cloneNode(true)];
    if (moveSlots(source, false)) spare = waits; else return;
    showTimes();
  });

  function offer() {
    if (find(".fresh")) return;
    const box = document.createElement("div");
    box.className = "fresh";
    box.setAttribute("role", "status");
    box.textContent = words().fresh;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words().show;
    button.addEventListener("click", () => { box.remove(); touched = false; refresh(); });
    box.append(button);
    document.body.append(box);
  }

  async function poll() {
    if (document.hidden || !Number(document.body.dataset.version)) return;
    asked = Date.now();
    const answer = await fetch("/version").catch(() => null);
    if (!answer) {
      if (++unanswered > 1) unreachable();  /* once may be a laptop that wakes up */
      return;
    }
    const isBack = unanswered > 1;
    unanswered = 0;
    if (answer.status === 503) {
      setBars(await fetchPage());
      return;
    }
    const { version, stalled } = await answer.json();
    const isNew = version !== Number(document.body.dataset.version);
    if (isBack || stalled !== Boolean(stale())) {
      const page = await fetchPage();
      if (touched) setBars(page); else refresh(page);
    } else if (isNew && !touched) refresh();
    if (isNew && touched) offer();
  }

  document.addEventListener("visibilitychange", () => { if (Date.now() - asked > 60000) poll(); });
  document.addEventListener("radar-poll", poll);
  setInterval(poll, Number(document.body.dataset.poll || 60) * 1000);
})();
