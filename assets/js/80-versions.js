/* The table of the Models page follows the list of versions: new, changed, broken and removed ones
 * appear while the page is open (webapp/components/shell.py has the list asked for).
 *
 * Offers to Dash everycaseVersions: follow. An open dialog is left alone until it is closed. */
(() => {
  "use strict";

  const { models, promotion } = window.everycase;
  const { byId, setProps } = window.everycase.page;
  const LATER = 2000; // ms
  const TABLE = "models-versions";
  let timer = 0;

  /** Status by version, as the table has it. */
  function statuses() {
    /** @type {NodeListOf<HTMLElement>} */
    const rows = document.querySelectorAll(`#${TABLE} [data-version]`);
    return new Map([...rows].map((row) => [row.dataset.version ?? "", statusOf(row)]));
  }

  /** @param {HTMLElement} row */
  const statusOf = (row) => row.querySelector(".ec-v-said")?.textContent ?? "";

  /** What has changed, in words. @param {Map<string, string>} before @param {Map<string, string>} now */
  function describe(before, now) {
    const gone = [...before.keys()].filter((name) => !now.has(name));
    const changed = [...now].filter(([name, status]) => status && before.get(name) !== status);
    return [
      ...changed.map(([name, status]) => `${name}: ${status.replace(/…$/, "")}.`),
      ...gone.map((name) => `${name} is gone.`),
    ].join(" ");
  }

  const isLeftAlone = () => promotion.isOpen() || Boolean(document.querySelector("dialog[open]"));

  function follow() {
    clearTimeout(timer);
    if (models.onPage() && isLeftAlone()) timer = setTimeout(follow, LATER);
    else if (models.onPage()) bring();
    return performance.now();
  }

  async function bring() {
    try {
      const { summary, table } = await models.ask(`/page/models/versions${location.search}`);
      if (byId(TABLE)?.dataset.markup === table) return;
      if (isLeftAlone()) return void follow(); // opened meanwhile
      const focus = byId(TABLE)?.contains(document.activeElement) ? models.selectorOf() : null;
      const before = statuses();
      setProps("models-summary", { children: summary });
      setProps(TABLE, { "data-markup": table });
      requestAnimationFrame(() => {
        if (models.state.message) return; // the page is redrawn, with its own message and focus
        models.announce(describe(before, statuses()));
        models.focus(focus);
      });
    } catch {
      timer = setTimeout(follow, LATER); // the frame says it if the server is away
    }
  }

  window.dash_clientside.everycaseVersions = { follow };
})();
