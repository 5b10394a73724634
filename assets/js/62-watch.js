/* Everycase in the browser: does the frame still say what is so?
 *
 * A page that is in sight and at rest asks the server every five seconds whether anything changed
 * that every page tells (the champion, whether it can answer, simulated traffic), and only then has
 * the frame drawn anew. While somebody flips it asks nothing; when nobody answers it asks less. */
(function () {
  "use strict";

  const REST = 5000;
  const LONGEST = 60000;
  let wait = REST;
  let timer = 0;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(look, wait);
  }

  async function look() {
    if (document.hidden) return; // it is looked at again when somebody sees it
    try {
      const response = await fetch("/page/status", { signal: AbortSignal.timeout(10000) });
      if (!response.ok) throw new Error(response.statusText);
      compare((await response.json()).state);
      wait = REST;
    } catch {
      wait = Math.min(2 * wait, LONGEST);
    }
    later();
  }

  function compare(state) {
    const place = document.getElementById("shell-status");
    if (!place || place.dataset.state === state) return;
    window.dash_clientside.set_props("shell-refresh", { data: performance.now() });
  }

  for (const kind of ["pointerdown", "click", "keydown"])
    document.addEventListener(kind, later, true);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  later();
})();
