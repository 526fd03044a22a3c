/* Is it just me? The answer of /here, in its place on the page. */
(function () {
  "use strict";

  const { find, showTimes } = window.radarPage;

  async function askHere(form) {
    const button = find("button", form);
    button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", credentials: "omit" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const made = find("#here-answer", page);
      if (!made) throw new Error("no answer");
      find("#here").replaceChildren(document.adoptNode(made));
      showTimes(find("#here"));
      find("#here-answer").focus();
    } catch (e) {
      find("#here").textContent = form.dataset.failed;
    }
    button.disabled = false;
  }

  document.addEventListener("submit", (event) => {
    if (event.target.id === "here-form") { event.preventDefault(); askHere(event.target); }
  });
})();
