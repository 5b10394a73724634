/* The geometry of the Karnaugh map: which case a cell holds, and where cells and lanes are.
 *
 * Offers everycase.grid: caseAt, cellOf, layout, runs, target. Pure functions, no DOM.
 * Columns hold the first half of the features, rows the rest, both in Gray code, so a step to the
 * next cell changes one feature. A lane beside the map marks where a feature is on. */
(() => {
  "use strict";

  const { cases } = window.everycase;
  const LANE = { wide: 21, narrow: 15 }; // CSS pixels

  /**
   * The map's measures in CSS pixels.
   * @param {number} features @param {number} width of the place @param {number} ratio of device pixels
   * @returns {Everycase.Grid}
   */
  function layout(features, width, ratio) {
    const low = Math.ceil(features / 2);
    const high = features - low;
    const lane = width < 420 ? LANE.narrow : LANE.wide;
    const left = high * lane + (lane === LANE.wide ? 24 : 8);
    const top = low * lane + 10;
    const columns = 1 << low;
    const rows = 1 << high;
    const room = Math.min(40, (width - left - 2) / columns);
    const cell = Math.max(1, Math.floor(room * ratio)) / ratio; // whole device pixels: even cells
    const height = top + rows * cell + 22;
    return { features, low, high, lane, left, top, columns, rows, cell, width, height };
  }

  /** The case of a cell. @param {Everycase.Grid} g @param {number} column @param {number} row */
  function caseAt(g, column, row) {
    return cases.gray(column) | (cases.gray(row) << g.low);
  }

  /**
   * The [column, row] of a case.
   * @param {Everycase.Grid} g @param {number} number @returns {Everycase.Point}
   */
  function cellOf(g, number) {
    return [cases.ungray(number & (g.columns - 1)), cases.ungray(number >> g.low)];
  }

  /**
   * The stretches of columns or rows in which a feature is on: [first, last + 1] of each.
   * @param {number} places @param {number} bit
   */
  function runs(places, bit) {
    /** @type {Everycase.Point[]} */
    const stretches = [];
    for (let j = 0; j < places; j++) {
      if (!((cases.gray(j) >> bit) & 1)) continue;
      const last = stretches[stretches.length - 1];
      if (last?.[1] === j) last[1] = j + 1;
      else stretches.push([j, j + 1]);
    }
    return stretches;
  }

  /**
   * What is at a point: the number of a cell, the feature of a lane, or null.
   * @param {Everycase.Grid} g @param {number} x @param {number} y @returns {Everycase.Target | null}
   */
  function target(g, x, y) {
    const column = Math.floor((x - g.left) / g.cell);
    const row = Math.floor((y - g.top) / g.cell);
    const inColumns = column >= 0 && column < g.columns;
    const inRows = row >= 0 && row < g.rows;
    if (inColumns && inRows) return { number: caseAt(g, column, row) };
    if (y < g.top && x > g.left - 40 && (inColumns || x < g.left)) {
      const bit = Math.round((g.top - 8 - y) / g.lane);
      if (bit >= 0 && bit < g.low) return { feature: bit };
    }
    if (x < g.left && row >= 0 && y < g.height) {
      const bit = Math.round((g.left - 9 - x) / g.lane);
      if (bit >= 0 && bit < g.high) return { feature: g.low + bit };
    }
    return null;
  }

  window.everycase.grid = { caseAt, cellOf, layout, runs, target, wideLane: LANE.wide };
})();
