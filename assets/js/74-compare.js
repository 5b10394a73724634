/* Everycase in the browser, part 11: the Compare page.

   The address holds what is chosen, and Dash's router draws the page anew when it changes. What
   moves without a request is in 73-threshold.js. */
(function () {
  "use strict";

  const { address, figures, flips, save, threshold } = window.everycase;
  const CONTROLS = ["compare-threshold", "compare-gain", "compare-cost"];
  const REST = 500; // ms after the last change, so that arrow keys can go on
  let shown = null; // the page's data
  let focused = null; // the control that has the focus while the page is drawn anew
  let keeping = 0;

  const onPage = () => Boolean(document.querySelector('[data-page="compare"]'));

  /* ---- the address ---- */

  /** to the traffic, or to a file that is still to be chosen */
  function evaluateOn(query, on) {
    if (on === "traffic") {
      query.delete("file");
      window.everycase.upload.hide();
    } else if (!query.has("file")) window.everycase.upload.show();
  }

  function navigate(versions, reference, challenger, days, dates, source, on, data) {
    const triggered = address.triggered();
    if (!onPage() || !data || !data.chosen || !triggered.length) return;
    const query = new URLSearchParams(location.search);
    for (const id of triggered) {
      if (id === "compare-versions" && versions) chooseSome(query, versions, data);
      else if (id === "compare-reference" && reference && reference !== data.chosen[0]) {
        query.delete("challenger");
        choose(query, [reference, ...data.chosen.filter((name) => name !== reference)], data);
      } else if (id === "compare-challenger" && challenger && challenger !== data.challenger) {
        query.set("challenger", challenger);
      } else if (id === "compare-days" && days && days !== data.preset)
        address.putDays(query, days, "28");
      else if (id === "compare-dates" && dates && dates[0] && dates[1])
        address.putDates(query, dates);
      else if (id === "compare-source") address.put(query, "source", source, "all");
      else if (id === "compare-on") evaluateOn(query, on);
    }
    address.go(query);
  }

  /** the picker of the frame: the version to look at closely, which joins the others if it must */
  function pick(version, data) {
    if (!onPage() || !shown || !data || !version || version === data.challenger) return;
    if (version === data.chosen[0]) {
      window.dash_clientside.set_props("version-picker", { value: data.challenger });
      return;
    }
    const query = new URLSearchParams(location.search);
    if (!data.chosen.includes(version)) choose(query, [...data.chosen, version], data);
    query.set("challenger", version);
    address.go(query);
  }

  /** two at least: with fewer there is nothing to compare, and the control goes back */
  function chooseSome(query, versions, data) {
    if (versions.length > 1) choose(query, versions, data);
    else if (data.chosen.length > 1)
      window.dash_clientside.set_props("compare-versions", { value: data.chosen });
  }

  function choose(query, versions, data) {
    if (versions.join() === data.chosen.join()) return;
    query.delete("a");
    query.delete("b");
    query.set("versions", versions.join(","));
    if (!versions.slice(1).includes(query.get("challenger"))) query.delete("challenger");
  }

  function putChosen(query) {
    const chosen = threshold.chosen();
    address.put(query, "threshold", chosen.threshold, "0.2");
    address.put(query, "gain", chosen.gain, "8");
    address.put(query, "cost", chosen.cost, "1");
  }

  /** a released slider or a changed number is kept in the address; the rest of the page follows */
  function keep() {
    if (!onPage()) return;
    const active = document.activeElement && document.activeElement.id;
    focused = CONTROLS.includes(active) ? active : null;
    const query = new URLSearchParams(location.search);
    putChosen(query);
    address.go(query, true); // each step of the slider would be one of the history
  }

  /* ---- the page as a whole ---- */

  const jump = (event) => shown && address.openCase(event, shown.names, shown.challenger);

  function drawParts() {
    if (!onPage() || !shown) return;
    threshold.draw();
    if (focused && document.activeElement === document.body)
      document.getElementById(focused)?.focus();
    focused = null;
  }

  function draw(data) {
    document.documentElement.classList.remove("ec-waiting");
    shown = data && data.figures ? data : null;
    if (window.everycase.upload) window.everycase.upload.reset(data ? data.chosen : []); // a report has none
    threshold.load(shown);
    if (!shown) return performance.now();
    window.dash_clientside.set_props("version-picker", { value: data.challenger });
    requestAnimationFrame(drawParts);
    figures.drawAll(data.figures, jump);
    return performance.now();
  }

  /** an address that shows the same whenever it is opened: nothing in it depends on today */
  function link() {
    if (!shown) return location.href;
    const query = new URLSearchParams(shown.link);
    putChosen(query);
    return `${location.origin}${location.pathname}?${address.text(query)}`;
  }

  function saveTable(name) {
    save.table(name === "flips" ? flips.rows() : shown.tables[name], `everycase-compare-${name}`);
  }

  function onlyDifferences(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    document.getElementById("compare-facts").classList.toggle("ec-only-differences", on);
  }

  document.addEventListener("click", (event) => {
    const { csv, png } = event.target.dataset || {};
    if (csv && onPage() && shown) saveTable(csv);
    if (png && onPage()) save.drawing(document.querySelector(`#${png} svg`), `everycase-${png}`);
    if (event.target.id === "compare-report") event.target.search = location.search;
    if (event.target.id === "compare-link") window.everycase.copyText(link(), event.target);
    if (event.target.id === "compare-differences") onlyDifferences(event.target);
  });
  document.addEventListener("input", (event) => {
    if (onPage() && CONTROLS.includes(event.target.id)) threshold.input(event);
  });
  document.addEventListener("change", (event) => {
    if (!onPage() || !CONTROLS.includes(event.target.id)) return;
    clearTimeout(keeping);
    keeping = setTimeout(keep, REST);
  });
  window.addEventListener("resize", () => requestAnimationFrame(drawParts));
  new MutationObserver(() => {
    if (onPage() && shown) figures.drawAll(shown.figures, jump);
  }).observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.everycaseCompare = { draw, navigate, pick };
})();
