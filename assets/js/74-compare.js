/* The Compare page: its controls change the address, and Dash's router redraws the page.
 *
 * Offers to Dash everycaseCompare: draw, navigate, pick. What moves without a request is in
 * 73-threshold.js. The page as a file (webapp/pages/compare/report.py) runs this script, too. */
(() => {
  "use strict";

  // A report has no contents, filters or live region.
  const { address, contents, figures, filterLine, flips, folds, page, save, threshold, verdict } =
    window.everycase;
  const { byId, closest, setProps } = page;
  const CONTROLS = ["compare-threshold", "compare-gain", "compare-cost"];
  const REST = 500; // ms after the last change, so that arrow keys can go on
  /** What the page shows, null if it compares nothing. @type {Everycase.CompareData | null} */
  let current = null;
  /** The control that has the focus while the page is redrawn. @type {string | null} */
  let focused = null;
  let keeping = 0;

  const onPage = () => page.isOpen("compare");

  /* ---- the address ---- */

  /** To the traffic, or to a file that is still to be chosen. @param {URLSearchParams} query @param {string} on */
  function evaluateOn(query, on) {
    if (on === "traffic") {
      query.delete("file");
      query.delete("rows");
      window.everycase.upload.hide();
    } else if (!query.has("file")) window.everycase.upload.show();
  }

  /** @type {Everycase.CompareCallbacks["navigate"]} */
  function navigate(versions, reference, challenger, days, dates, source, on, rows, data) {
    const triggered = address.triggered();
    if (!onPage() || !data?.chosen || !triggered.length) return;
    const query = new URLSearchParams(location.search);
    for (const id of triggered) {
      if (id === "compare-versions" && versions) chooseSome(query, versions, data);
      else if (id === "compare-reference" && reference && reference !== data.chosen[0]) {
        query.delete("challenger");
        choose(query, [reference, ...data.chosen.filter((name) => name !== reference)], data);
      } else if (id === "compare-challenger" && challenger && challenger !== data.challenger) {
        query.set("challenger", challenger);
      } else if (id === "compare-days" && days && days !== data.preset)
        address.putDays(query, days, data.days);
      else if (id === "compare-dates" && dates?.[0] && dates[1]) address.putDates(query, dates);
      else if (id === "compare-source") address.put(query, "source", source);
      else if (id === "compare-rows" && query.has("file"))
        address.put(query, "rows", rows, "unseen");
      else if (id === "compare-on") evaluateOn(query, on);
    }
    address.go(query);
  }

  /**
   * The picker of the frame: the version to look at closely, which joins the others if it must.
   * @type {Everycase.CompareCallbacks["pick"]}
   */
  function pick(version, data) {
    if (!onPage() || !current || !data || !version || version === data.challenger) return;
    if (version === data.chosen[0]) {
      setProps("version-picker", { value: data.challenger });
      return;
    }
    const query = new URLSearchParams(location.search);
    if (!data.chosen.includes(version)) choose(query, [...data.chosen, version], data);
    query.set("challenger", version);
    address.go(query);
  }

  /**
   * Two at least: with fewer there is nothing to compare, and the control goes back.
   * @param {URLSearchParams} query @param {string[]} versions @param {Everycase.CompareData} data
   */
  function chooseSome(query, versions, data) {
    if (versions.length > 1) choose(query, versions, data);
    else if (data.chosen.length > 1) setProps("compare-versions", { value: data.chosen });
  }

  /** @param {URLSearchParams} query @param {string[]} versions @param {Everycase.CompareData} data */
  function choose(query, versions, data) {
    if (versions.join() === data.chosen.join()) return;
    query.delete("a");
    query.delete("b");
    query.set("versions", versions.join(","));
    if (!versions.slice(1).includes(query.get("challenger") ?? "")) query.delete("challenger");
  }

  /** @param {URLSearchParams} query */
  function putSettings(query) {
    const settings = threshold.settings();
    address.put(query, "threshold", settings.threshold, "0.2");
    address.put(query, "gain", settings.gain, "8");
    address.put(query, "cost", settings.cost, "1");
  }

  /** A released slider or a changed number is kept in the address; the rest of the page follows. */
  function keep() {
    if (!onPage()) return;
    const active = document.activeElement?.id ?? "";
    focused = CONTROLS.includes(active) ? active : null;
    const query = new URLSearchParams(location.search);
    putSettings(query);
    address.go(query, true); // each step of the slider would be one of the history
  }

  /* ---- the page as a whole ---- */

  /** @type {Everycase.OnPlotlyClick} */
  function openCase(event) {
    if (current) address.openCase(event, current.names, current.challenger);
  }

  function drawFigures() {
    if (current) figures.drawAll(current.figures, openCase);
  }

  function drawParts() {
    if (!onPage() || !current) return;
    threshold.draw();
    if (focused && document.activeElement === document.body) byId(focused)?.focus();
    focused = null;
  }

  function refreshFrame() {
    filterLine?.refresh();
    contents?.refresh();
    verdict?.say();
  }

  /** @type {Everycase.CompareCallbacks["draw"]} */
  function draw(data) {
    document.documentElement.classList.remove("ec-waiting");
    current = data?.figures ? data : null;
    window.everycase.upload?.reset(data?.chosen ?? []); // a report has none
    threshold.load(current);
    requestAnimationFrame(refreshFrame);
    if (!current) return performance.now();
    setProps("version-picker", { value: current.challenger });
    requestAnimationFrame(drawParts);
    drawFigures();
    return performance.now();
  }

  /** An address that shows the same whenever it is opened: nothing in it depends on today. */
  function link() {
    if (!current) return location.href;
    const query = new URLSearchParams(current.link);
    putSettings(query);
    folds?.keep(query);
    return `${location.origin}${location.pathname}?${address.text(query)}`;
  }

  /** @param {string} name */
  function saveTable(name) {
    if (!current) return;
    save.table(name === "flips" ? flips.rows() : current.tables[name], `everycase-compare-${name}`);
  }

  /** @param {string} name the id of the drawing's place */
  function saveDrawing(name) {
    /** @type {SVGElement | null} */
    const svg = document.querySelector(`#${name} svg`);
    const axes = {
      x: "Threshold",
      y: current?.labelled.some(Boolean) ? "Value per 1,000 events" : "Share picked",
    };
    if (svg) save.drawing(svg, { about: current?.about, ...axes }, `everycase-${name}`);
  }

  /**
   * The page as a file, which takes the server a while. @param {HTMLAnchorElement} link
   */
  async function saveReport(link) {
    if (link.getAttribute("aria-busy")) return;
    page.markBusy(link);
    try {
      const response = await fetch(link.pathname + location.search);
      if (!response.ok) throw new Error(await window.everycase.requests.reasonOf(response));
      save.file(await response.blob(), "everycase-compare.html");
    } catch (error) {
      const isAway = error instanceof TypeError;
      const reason = isAway
        ? window.everycase.server.UNREACHABLE
        : /** @type {Error} */ (error).message;
      window.everycase.toast.show("report", `The report couldn't be made: ${reason}.`);
    }
    page.markBusy(link, false);
  }

  /** @param {HTMLElement} button */
  function onlyDifferences(button) {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isOn));
    byId("compare-facts")?.classList.toggle("ec-only-differences", isOn);
  }

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (!(target instanceof HTMLElement)) return;
    const { csv, png } = target.dataset;
    if (csv && onPage()) saveTable(csv);
    if (png && onPage()) saveDrawing(png);
    if (target instanceof HTMLAnchorElement && target.id === "compare-report") {
      event.preventDefault();
      saveReport(target);
    }
    if (target.id === "compare-link") window.everycase.copyText(link(), target);
    if (target.id === "compare-differences") onlyDifferences(target);
  });
  /** The control that an event is about, if it is one of the threshold's. @param {Event} event */
  function controlOf(event) {
    const control = closest(event, "input");
    const isOurs = control instanceof HTMLInputElement && CONTROLS.includes(control.id);
    return onPage() && isOurs ? control : null;
  }
  document.addEventListener("input", (event) => {
    const control = controlOf(event);
    if (control) threshold.input(control);
  });
  document.addEventListener("change", (event) => {
    if (!controlOf(event)) return;
    clearTimeout(keeping);
    keeping = setTimeout(keep, REST);
  });
  folds?.onOpen(() => {
    if (!onPage()) return;
    threshold.resize();
    figures.drawOpened();
  });
  window.addEventListener("resize", () =>
    requestAnimationFrame(() => {
      if (onPage()) threshold.resize();
    }),
  );
  page.onSchemeChange(() => {
    if (onPage()) drawFigures();
  });

  /**
   * The versions to choose from, now that the list of them has changed.
   * @type {Everycase.CompareCallbacks["offer"]}
   */
  function offer(options, offered, chosen) {
    const ready = (options ?? []).filter((option) => !option.disabled).map(({ value }) => value);
    const names = [...new Set([...(chosen ?? []), ...ready.sort()])];
    if (!onPage() || names.join() === offered?.join()) return window.dash_clientside.no_update;
    if (names.length > 1 && byId("compare-empty"))
      setProps("_pages_location", { search: location.search }); // the router draws it again
    return names;
  }

  window.dash_clientside.everycaseCompare = { draw, navigate, offer, pick };
})();
