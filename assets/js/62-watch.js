/* Keeps the frame up to date: has it redrawn when something that every page shows has changed, and
 * says when the server can't be reached, answers again, or was updated.
 *
 * A page that is in sight and at rest asks the server every five seconds for the state of what all
 * pages show (the champion, whether it can answer, the list of versions). While somebody flips it asks
 * nothing; when the server doesn't answer it asks less often.
 *
 * Offers everycase.watch: look. */
(() => {
  "use strict";

  const { byId, setProps } = window.everycase.page;
  const { toast } = window.everycase;
  const REST = 5000; // ms
  const LONGEST = 20000; // ms
  const AWAY = "The server can't be reached. What is on this page keeps working; the rest waits.";
  let wait = REST;
  let timer = 0;
  let failures = 0; // in a row

  function later() {
    clearTimeout(timer);
    timer = setTimeout(look, wait);
  }

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return; // it looks again when somebody sees the page
    try {
      const response = await fetch("/page/status", { signal: AbortSignal.timeout(10000) });
      if (response.status >= 500) throw new Error(response.statusText);
      isBack();
      if (response.ok) compare(await response.json());
    } catch {
      isAway();
    }
    later();
  }

  function isAway() {
    failures += 1;
    wait = Math.min(2 * wait, LONGEST);
    if (failures === 2) toast.show("away", AWAY, { lasts: true }); // a restart takes less
  }

  function isBack() {
    const wasAway = failures > 0;
    failures = 0;
    wait = REST;
    if (!wasAway) return;
    const isKnown = [toast.hide("away"), toast.hide("refused")].includes(true);
    if (isKnown) toast.show("away", "The server answers again.", { time: 6000 });
  }

  /** @param {{state: string, versions: string, build: string}} now */
  function compare({ state, versions, build }) {
    const { dataset } = document.documentElement;
    if (dataset.build && build !== dataset.build) {
      const action = { text: "Reload", run: () => location.reload() };
      toast.hide("refused");
      toast.show("updated", "Everycase was updated.", { action, lasts: true });
      delete dataset.build; // said once
    }
    const shown = byId("shell-status")?.dataset;
    if (!shown || (shown.state === state && shown.versions === versions)) return;
    setProps("shell-refresh", { data: performance.now() });
  }

  for (const kind of ["pointerdown", "click", "keydown"])
    document.addEventListener(kind, later, true);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  later();

  window.everycase.watch = { look };
})();
