/* Names are suggested while one types into a search field; Ctrl+K (or Command+K) goes to it. */
(function () {
  "use strict";

  const { find, all, words, spoken } = window.radarPage;

  function suggest(input) {
    const box = input.closest(".search");
    let list = null;
    let chosen = -1;
    let running = null;
    let timer = 0;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    const status = document.createElement("span");  /* how many there are, for those who do not see them */
    status.className = "sr";
    status.setAttribute("role", "status");
    box.append(status);

    function close() {
      if (list) list.remove();
      list = null;
      status.textContent = "";
      chosen = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function choose(place) {
      const options = all('[role="option"]', list);
      if (!options.length) return;
      chosen = (place + options.length) % options.length;
      options.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
      options[chosen].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[chosen].id);
    }

    function show(rows) {
      close();
      list = document.createElement(rows.length ? "ul" : "p");
      list.className = rows.length ? "suggest" : "suggest none";
      list.id = `${input.id}-list`;
      const said = rows.length === 1 ? words().match : words().matches.replace("{n}", rows.length);
      status.textContent = rows.length ? said : words().none;
      if (!rows.length) {
        list.textContent = words().none;
        list.setAttribute("aria-hidden", "true");  /* the status says it */
        box.append(list);
        return;
      }
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", words().found);
      rows.forEach((row, i) => {
        const option = document.createElement("li");
        option.id = `${input.id}-option-${i}`;
        option.setAttribute("role", "option");
        option.dataset.path = row.path;
        const name = document.createElement("span");
        name.textContent = row.name;
        const kind = document.createElement("small");
        kind.textContent = row.kind;
        option.append(name, kind);
        if (row.state) {
          const shape = document.createElement("span");
          shape.className = `shape s-${row.state}`;
          const word = document.createElement("span");
          word.className = "sr";
          word.textContent = words().states[row.state] || "";
          option.append(shape, word);
        }
        list.append(option);
      });
      box.append(list);
      input.setAttribute("aria-expanded", "true");
      input.setAttribute("aria-controls", list.id);
      list.addEventListener("pointerdown", (event) => {
        const option = event.target.closest('[role="option"]');
        if (option) { event.preventDefault(); location.assign(spoken(option.dataset.path)); }
      });
    }

    async function ask() {
      const text = input.value.trim();
      if (running) running.abort();
      if (!text) { close(); return; }
      running = new AbortController();
      try {
        const answer = await fetch(spoken(`/suggest.json?q=${encodeURIComponent(text)}`), { signal: running.signal });
        if (answer.ok) show((await answer.json()).data); else close();
      } catch (error) {
        if (error.name !== "AbortError") close();
      }
    }

    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
    input.addEventListener("blur", () => setTimeout(close, 100));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (!list) return;
      if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
      if (event.key === "Enter" && chosen >= 0) {
        event.preventDefault();
        location.assign(spoken(all('[role="option"]', list)[chosen].dataset.path));
      }
    });
  }

  document.addEventListener("focusin", (event) => {
    const input = event.target;
    if (input.matches && input.matches(".search input") && !input.hasAttribute("role")) suggest(input);
  });
  document.addEventListener("keydown", (event) => {
    /* never a key alone: who speaks to the browser would set it off (WCAG 2.1.4) */
    if (event.key === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      const input = find(".search input");
      if (input) { event.preventDefault(); input.focus(); }
    }
  });
  if (find(".search input:focus")) suggest(find(".search input:focus"));
})();
