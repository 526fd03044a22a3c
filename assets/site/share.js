/* Passing a chart on: its link, its citation, its picture; and the table behind it, loaded when it is opened. */
(function () {
  "use strict";

  const { find, words, fetchPage, showTimes, reach, say } = window.radarPage;

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch (e) {
      /* Without a secure context there is no clipboard: the text is marked, so that one key copies it. */
      const box = button.previousElementSibling;
      getSelection().selectAllChildren(box);
      return;
    }
    say(button, words().copied);
  }

  async function png(button) {
    const answer = await fetch(button.dataset.png).catch(() => null);
    if (!answer || !answer.ok) { say(button, words().failed); return; }
    const picture = new Image();
    picture.src = URL.createObjectURL(new Blob([await answer.text()], { type: "image/svg+xml" }));
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 2 * picture.width;
    canvas.height = 2 * picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(picture.src);
    const name = (answer.headers.get("Content-Disposition") || "").match(/filename="([^"]+)\.svg"/);
    const link = document.createElement("a");
    link.href = canvas.toDataURL("image/png");
    link.download = `${name ? name[1] : "radar-chart"}.png`;
    link.click();
  }

  async function openTable(details) {
    const target = find("[data-slot]", details);
    if (!details.open || !target || details.dataset.loaded) return;
    details.dataset.loaded = "1";
    const page = await fetchPage(details.dataset.href);
    const made = find(`[data-slot="${CSS.escape(target.dataset.slot)}"]`, page);
    if (made) target.replaceChildren(...made.childNodes);
    showTimes(target);
    reach();
  }

  document.addEventListener("toggle", (event) => {
    if (event.target.matches && event.target.matches("details[data-href]")) openTable(event.target);
  }, true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-png]");
    if (!button) return;
    if (button.dataset.copy) copy(button); else png(button);
  });
})();
