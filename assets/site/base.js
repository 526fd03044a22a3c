/* What the other scripts of a page share. The server joins the files of this folder into one script (radar/pages/_tags.py).
   Plain functions, no build step, nothing fetched from another host. Without them every page still works. */
(function () {
  "use strict";

  const root = document.documentElement;
  const find = (selector, inside) => (inside || document).querySelector(selector);
  const all = (selector, inside) => Array.from((inside || document).querySelectorAll(selector));
  const words = () => JSON.parse(document.body.dataset.words || "{}");

  /* A page of ours in the language that the address names. */
  const spoken = (path) => {
    const lang = new URLSearchParams(location.search).get("lang");
    return lang ? `${path}${path.includes("?") ? "&" : "?"}lang=${encodeURIComponent(lang)}` : path;
  };

  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch (e) { /* private window */ } };
  const recall = (key) => { try { return localStorage.getItem(key); } catch (e) { return null; } };

  /* A prop of a component of Dash, where Dash runs by now. */
  const prop = (id, props) => {
    const dash = window.dash_clientside;
    if (dash && dash.set_props) dash.set_props(id, props);
  };

  /* When the browser has nothing better to do; at the latest after ``most`` ms. */
  const idle = (most) => new Promise((done) => {
    if (window.requestIdleCallback) requestIdleCallback(done, { timeout: most }); else setTimeout(done, 50);
  });

  /* The page of an address as the server writes it. */
  async function fetchPage(address) {
    const answer = await fetch(address || location.href, { headers: { Accept: "text/html" } });
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  /* The button says for a moment what was done, to eyes and to screen readers. */
  function say(button, text) {
    if (!button.dataset.word) button.dataset.word = button.textContent;
    button.setAttribute("aria-live", "polite");
    button.textContent = text;
    setTimeout(() => { button.textContent = button.dataset.word; }, 2000);
  }

  window.radarPage = { root, find, all, words, spoken, remember, recall, prop, idle, fetchPage, say };
})();
