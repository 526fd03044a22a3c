/* The front page: map, list and time machine are one thing. What its scripts share; the server joins the files of this
   folder into one script (radar/pages/_tags.py). Nothing of React's is replaced: classes, texts and attributes of its
   nodes are changed and put back; what is new lies in slots. */
(function () {
  "use strict";

  const { find, all } = window.radarPage;

  const machine = () => find("#machine");
  const map = () => find(".map-box svg.map");
  const box = () => find(".map-box");
  /* Countries, and regions within them, in which something is open: those that are not shown are no places. */
  const places = () => all("a.c, a.r:not(.off)", map());
  const code = (node) => node.getAttribute("href").match(/^\/\w+\/([\w-]+)/)[1];
  const regions = () => all("a.r", map());
  const place = (name) => (name.includes("-") ? regions().find((node) => code(node) === name)
    : find(`a.c[href^="/country/${name}"]`, map()));
  const country = (name) => name.slice(0, 2);
  const path = (name) => `/${name.includes("-") ? "region" : "country"}/${name}`;
  const kind = (node) => node.className.baseVal.match(/s-(\w+)/)[1];
  let said = null;
  const words = () => (said ||= JSON.parse(machine().dataset.words));
  const fill = (text, values) => text.replace(/{(\w+)}/g, (_all, name) => values[name]);
  const make = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  };

  const title = (node) => {
    const text = node.firstElementChild.textContent;
    const colon = text.indexOf(": ");
    return [text.slice(0, colon), text.slice(colon + 2)];
  };

  /* Rows of the lists, and whether one speaks of a country or a region. */
  const items = () => all("#open .items > li, #then-list .items > li");
  const touches = (item, name) => (item.dataset.places || "").split(" ").includes(name);

  window.radarHome = { machine, map, box, places, regions, code, place, country, path, kind, words, fill, make, title, items, touches };
})();
