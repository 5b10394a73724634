/* The Drift page: its controls change the address, its figures are drawn from what the server put
 * into #drift-data.
 *
 * Offers to Dash everycaseDrift: draw, navigate, pick. */
(() => {
  "use strict";

  const { address, contents, figures, filterLine, folds, page, save, smallMultiples, verdict } =
    window.everycase;
  /** @type {Record<string, string>} */
  const DEFAULTS = {
    baseline: "training",
    every: "auto",
    margin: "0.03",
  };
  /** What the page shows. @type {Everycase.DriftData | null} */
  let current = null;

  const onPage = () => page.isOpen("drift");

  /* ---- the address ---- */

  /** @type {Everycase.DriftCallbacks["navigate"]} */
  function navigate(baseline, days, dates, source, every, margin, data) {
    const triggered = address.triggered();
    if (!onPage() || !data || !triggered.length) return;
    const query = new URLSearchParams(location.search);
    /** @type {Record<string, string | null>} */
    const values = { baseline, source, every, margin };
    for (const id of triggered) {
      const name = id.replace("drift-", "");
      if (name === "days" && days && days !== data.preset) address.putDays(query, days, data.days);
      else if (name === "dates" && dates?.[0] && dates[1]) address.putDates(query, dates);
      else if (name in values) address.put(query, name, values[name], DEFAULTS[name]);
    }
    address.go(query);
  }

  /** @type {Everycase.DriftCallbacks["pick"]} */
  function pick(version, data) {
    if (!onPage() || !data || !version || version === data.version) return;
    const query = new URLSearchParams(location.search);
    query.set("version", version);
    address.go(query);
  }

  /* ---- the page as a whole ---- */

  /** @type {Everycase.OnPlotlyClick} */
  function openCase(event) {
    if (current) address.openCase(event, current.names, current.version);
  }

  function drawFigures() {
    if (current?.figures) figures.drawAll(current.figures, openCase);
  }

  const drawSmall = () => smallMultiples.draw(current?.small);

  /** @type {Everycase.DriftCallbacks["draw"]} */
  function draw(data) {
    current = data;
    document.documentElement.classList.remove("ec-waiting");
    if (data?.version) {
      page.setProps("version-picker", { value: data.version });
      page.markChampion(Boolean(data.champion));
    }
    requestAnimationFrame(drawSmall);
    drawFigures();
    filterLine.refresh();
    contents.refresh();
    verdict.say();
    return performance.now();
  }

  function saveTable() {
    if (current?.table) save.table(current.table, `everycase-drift-${current.version}`);
  }

  /** The address of this view with its dates and its source, so that it is the same tomorrow. */
  function pinned() {
    const query = new URLSearchParams(location.search);
    folds.keep(query);
    query.delete("days");
    for (const [name, value] of Object.entries(current?.link ?? {})) query.set(name, value);
    return `${location.origin}${location.pathname}?${address.text(query)}`;
  }

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (!(target instanceof HTMLElement)) return;
    if (target.id === "drift-csv") saveTable();
    if (target.id === "drift-link") window.everycase.copyText(pinned(), target);
  });
  document.addEventListener("mousemove", (event) => {
    if (onPage()) smallMultiples.hover(event, current?.small);
  });
  folds.onOpen(() => {
    if (!onPage()) return;
    drawSmall();
    figures.drawOpened();
  });
  window.addEventListener("resize", () => onPage() && requestAnimationFrame(drawSmall));
  page.onSchemeChange(() => {
    if (onPage()) drawFigures();
  });

  window.dash_clientside.everycaseDrift = { draw, navigate, pick };
})();
