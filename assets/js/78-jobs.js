/* Jobs on the Models page: starting and cancelling them, and their progress, asked for once a second
 * and only while one runs.
 *
 * Offers everycase.jobs: watch. */
(() => {
  "use strict";

  const { models, promotion } = window.everycase;
  const { byId, closest, markBusy } = window.everycase.page;
  const F = window.everycase.format;
  const PAUSE = 1000; // ms
  let timer = 0;
  let isUnreachable = false;
  /** What gets the focus when the jobs have ended: the button that started them. @type {string | null} */
  let left = null;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  }

  async function look() {
    if (!models.onPage()) return;
    if (document.hidden || promotion.isOpen()) return later(); // nobody looks, or somebody types
    try {
      const { running, work } = await models.ask("/page/models/jobs");
      if (isUnreachable) models.announce("");
      isUnreachable = false;
      for (const [kind, html] of Object.entries(work)) update(byId(`models-work-${kind}`), html);
      if (!running) return end();
    } catch (error) {
      isUnreachable = true;
      models.announce(`Progress is unavailable: ${/** @type {Error} */ (error).message}.`);
    }
    later();
  }

  /** The last job has ended: redraw. If its Cancel had the focus, the button that starts it gets it. */
  function end() {
    models.again(byId("models-said")?.textContent ?? "", left);
    left = null;
  }

  /** @param {HTMLElement | null} host @param {string} html */
  function update(host, html) {
    if (!host || host.dataset.markup === html) return;
    const focused = host.contains(document.activeElement) ? models.selectorOf() : null;
    if (focused) left = `[data-start="${host.id.replace("models-work-", "")}"]`;
    host.dataset.markup = html; // filled before the next frame
    if (focused) requestAnimationFrame(() => models.focus(focused));
  }

  /**
   * Start or cancel a job, and redraw the page.
   * @param {HTMLButtonElement} button @param {string} path @param {object} body
   * @param {string} target selector of what gets the focus
   */
  async function command(button, path, body, target) {
    button.disabled = true;
    markBusy(button);
    try {
      await models.ask(path, body);
      models.again("", target);
    } catch (error) {
      button.disabled = false;
      markBusy(button, false);
      models.announce(`${F.capital(/** @type {Error} */ (error).message)}.`);
    }
  }

  document.addEventListener("click", (event) => {
    const button = models.onPage() ? closest(event, "[data-start], [data-cancel]") : null;
    if (!(button instanceof HTMLButtonElement) || button.disabled) return;
    const { start, cancel } = button.dataset;
    if (start) {
      const target = `#models-work-${start} [data-cancel]`;
      const source = new URLSearchParams(location.search).get("source") ?? "";
      command(button, "/page/models/start", { kind: start, source }, target);
    } else {
      const host = button.closest("[data-job]")?.parentElement;
      command(button, "/page/models/cancel", { id: cancel }, `#${host?.id}`);
    }
  });
  document.addEventListener(
    "toggle",
    (event) => {
      if (!(event.target instanceof HTMLDetailsElement) || event.target.id !== "models-jobs")
        return;
      models.note({ jobs: event.target.open ? "open" : null });
    },
    true,
  );

  /** Follow the jobs from now on, or stop. @param {boolean} isRunning */
  function watch(isRunning) {
    if (isRunning) later();
    else clearTimeout(timer);
  }

  window.everycase.jobs = { watch };
})();
