/* A map of cases by keyboard: arrow keys move over its cells, Enter does what a click does. Each cell
 * is said to screen readers (webapp/components/case_grid.py has the places for it).
 *
 * Offers nothing. */
(() => {
  "use strict";

  const { closest } = window.everycase.page;
  /** Columns and rows that a key goes. @type {Record<string, [number, number]>} */
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  /** Column and row of the cell that has the cursor, by map. @type {WeakMap<Element, [number, number]>} */
  const places = new WeakMap();

  /** The figure in a map, and its cells; null until it is drawn. @param {HTMLElement} map */
  function drawingOf(map) {
    /** @type {Everycase.PlotlyHost | null} */
    const host = map.querySelector("[data-figure]");
    const cells = host?.data?.find((trace) => trace.type === "heatmap");
    const layout = host?._fullLayout;
    if (!host || !layout || !cells?.customdata) return null;
    return { host, layout, numbers: cells.customdata, texts: cells.hovertext };
  }

  /** @param {HTMLElement} map @param {NonNullable<ReturnType<typeof drawingOf>>} drawing */
  function show(map, { host, layout, numbers, texts }) {
    const [column, row] = places.get(map) ?? [0, 0];
    const { xaxis, yaxis } = layout;
    const [left, right] = [column - 0.5, column + 0.5].map((x) => xaxis._offset + xaxis.l2p(x));
    const [top, bottom] = [row - 0.5, row + 0.5].map((y) => yaxis._offset + yaxis.l2p(y));
    const cursor = /** @type {HTMLElement} */ (map.querySelector(".ec-map-cursor"));
    const sizes = { left, top, width: right - left, height: bottom - top };
    for (const [name, size] of Object.entries(sizes)) cursor.style.setProperty(name, `${size}px`);
    cursor.hidden = false;
    const text = texts?.[row][column] ?? `case ${numbers[row][column]}`;
    const said = /** @type {HTMLElement} */ (map.querySelector("[role=status]"));
    said.textContent = text.replace(/<br>/g, ", ").replace(/<[^>]*>/g, "");
    window.Plotly?.Fx.hover(host, { xval: column, yval: row }, "xy");
  }

  /** @param {HTMLElement} map */
  function hide(map) {
    const cursor = /** @type {HTMLElement} */ (map.querySelector(".ec-map-cursor"));
    cursor.hidden = true;
    const host = drawingOf(map)?.host;
    if (host) window.Plotly?.Fx.unhover(host);
  }

  document.addEventListener("keydown", (event) => {
    const map = event.target instanceof HTMLElement ? event.target : null;
    if (map?.dataset.map === undefined) return;
    const drawing = drawingOf(map);
    if (!drawing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { host, numbers } = drawing;
    const [column, row] = places.get(map) ?? [0, 0];
    const step = STEPS[event.key];
    if (step) {
      const [columns, rows] = [numbers[0].length, numbers.length];
      const moved = [(column + step[0] + columns) % columns, (row + step[1] + rows) % rows];
      places.set(map, [moved[0], moved[1]]);
      show(map, drawing);
    } else if (event.key === "Enter")
      host.emit("plotly_click", { points: [{ customdata: numbers[row][column] }] });
    else return;
    event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const map = closest(event, "[data-map]");
    const drawing = map?.matches(":focus-visible") ? drawingOf(map) : null;
    if (map && drawing) show(map, drawing);
  });
  document.addEventListener("focusout", (event) => {
    const map = closest(event, "[data-map]");
    if (map) hide(map);
  });
})();
