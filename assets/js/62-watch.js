/* Keeps the frame up to date: has it redrawn when something that every page shows has changed.
 *
 * A page that is in sight and at rest asks the server every five seconds for the state of what all
 * pages show (the champion, whether it can answer, simulated traffic). While somebody flips it asks
 * nothing; when the server doesn't answer it asks less often. Offers nothing. */
(() => {
  "use strict";

  const { byId, setProps } = window.everycase.page;
  const REST = 5000; // ms
  const LONGEST = 60000; // ms
  let wait = REST;
  let timer = 0;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(look, wait);
  }

  async function look() {
    if (document.hidden) return; // it looks again when somebody sees the page
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

  /** @param {string} state */
  function compare(state) {
    const place = byId("shell-status");
    if (!place || place.dataset.state === state) return;
    setProps("shell-refresh", { data: performance.now() });
  }

  for (const kind of ["pointerdown", "click", "keydown"])
    document.addEventListener(kind, later, true);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  later();
})();
