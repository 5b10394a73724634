/* Everycase in the browser, part 10: what a threshold does, on the Compare page.

   Score tables and counts are here, so the slider, gain and cost move without a request. */
(function () {
  "use strict";

  const state = { data: null, threshold: 0.2, gain: 8, cost: 1, all: null, limit: 1, sums: [] };
  const LIMIT = 0.6; // thresholds beyond are hardly ever of use; a higher score widens it
  const MINUS = "\u2212";
  const NBSP = "\u00a0";
  const PARTS = ["events", "labelled", "positives"];

  const { flips } = window.everycase;
  const { count, escape, percent, put } = flips;
  const money = (value) => (Math.abs(value) < 0.5 ? "0" : value.toFixed(0).replace("-", MINUS));

  /* ---- sums over the cases from the highest score down ---- */

  function totals() {
    const add = (list) => list.reduce((a, b) => a + b, 0);
    return Object.fromEntries(PARTS.map((name) => [name, add(state.data[name])]));
  }

  /** what is picked at each score that occurs, the highest score first */
  function ranked(version) {
    const order = version.scores.map((_, i) => i).filter((i) => state.data.events[i]);
    order.sort((a, b) => version.scores[b] - version.scores[a]);
    const sum = { score: 1, events: 0, labelled: 0, positives: 0 };
    const found = [];
    order.forEach((i, at) => {
      for (const name of PARTS) sum[name] += state.data[name][i];
      sum.score = version.scores[i];
      if (at + 1 === order.length || version.scores[order[at + 1]] !== sum.score)
        found.push({ ...sum });
    });
    return found;
  }

  /** events, outcomes and buyers with a score of at least the threshold */
  function picked(index) {
    const sums = state.sums[index];
    let [low, high] = [0, sums.length]; // the first whose score is lower
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle].score >= state.threshold) low = middle + 1;
      else high = middle;
    }
    return low ? sums[low - 1] : { events: 0, labelled: 0, positives: 0 };
  }

  /** value per 1,000 events, or the share picked where no outcome is known */
  function level(sum) {
    const all = state.all;
    if (!all.labelled) return (100 * sum.events) / all.events;
    return (1000 * (state.gain * sum.positives - state.cost * sum.labelled)) / all.labelled;
  }

  /** a version's value by threshold */
  function steps(sums) {
    return [
      [1, level({ events: 0, labelled: 0, positives: 0 })],
      ...sums.map((sum) => [sum.score, level(sum)]),
    ];
  }

  /** no more steps than can be told apart: of those on the same half pixel the highest and the last */
  function thinned(line, x) {
    const kept = [];
    let place = null;
    line.forEach((point) => {
      const here = Math.round(2 * x(point[0]));
      if (here !== place) kept.push([point, point]);
      const top = kept[kept.length - 1];
      if (point[1] > top[0][1]) top[0] = point;
      top[1] = point;
      place = here;
    });
    return kept.flatMap(([top, last]) => (top === last ? [top] : [top, last]));
  }

  function pair() {
    const { versions, close } = state.data;
    return [
      [0, versions[0]],
      [close, versions[close]],
    ];
  }

  function drawControls() {
    const host = document.getElementById("compare-controls");
    if (!host) return;
    const known = state.all.labelled > 0;
    const worth = `<label>Gain per buyer picked<input id="compare-gain" type="number" min="0" step="any" value="${state.gain}"></label>
      <label>Cost per pick<input id="compare-cost" type="number" min="0" step="any" value="${state.cost}"></label>`;
    host.innerHTML = `<div class="ec-controls">${known ? worth : ""}
      <label class="ec-threshold">Threshold <output id="compare-threshold-said"></output>
      <input id="compare-threshold" type="range" min="0" max="${state.limit}" step="0.005" value="${state.threshold}"></label></div>`;
  }

  function drawValue() {
    const host = document.getElementById("compare-value");
    if (!host) return;
    const [width, height, left, bottom, top] = [Math.max(240, host.clientWidth), 240, 44, 212, 24];
    const lines = state.sums.map(steps);
    let [low, high] = [0, 1e-9];
    for (const line of lines) {
      for (const [at, value] of line) {
        if (at <= state.limit) [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
    }
    low = Math.max(low, -0.4 * high); // what is far below 0 is cut off
    const x = (at) => left + ((width - left - 22) * Math.min(at, state.limit)) / state.limit;
    const y = (value) => bottom - ((bottom - top) * (Math.max(value, low) - low)) / (high - low);
    const ticks = [0, 0.5, 1].map((part) => low + part * (high - low));
    const grid = ticks.map(
      (v) =>
        `<line class="ec-sm-grid" x1="${left}" x2="${width}" y1="${y(v)}" y2="${y(v)}"/><text x="${left - 6}" y="${y(v) + 4}" text-anchor="end">${money(v)}${state.all.labelled ? "" : "%"}</text>`,
    );
    const marks = [0, 0.25, 0.5, 0.75, 1].map(
      (part) =>
        `<text x="${x(part * state.limit)}" y="${height - 8}" text-anchor="middle">${(100 * part * state.limit).toFixed(0)}${NBSP}%</text>`,
    );
    const close = state.data.versions[state.data.close];
    const band = close.best
      ? `<rect class="ec-version-key-band ec-version-key-${state.data.close % 4}" x="${x(close.best[1])}" width="${Math.max(1, x(close.best[2]) - x(close.best[1]))}" y="${top}" height="${bottom - top}"/>`
      : "";
    const paths = lines.map((line, i) => {
      const d = thinned(line, x)
        .map(
          ([at, value], k) =>
            `${k ? `H${x(at).toFixed(1)}V` : `M${x(at).toFixed(1)} `}${y(value).toFixed(1)}`,
        )
        .join("");
      return `<path class="ec-version-key-line ec-version-key-${i % 4}${i && i !== state.data.close ? " ec-version-key-far" : ""}" d="${d}"/>`;
    });
    const shown = state.all.labelled ? close.best : null;
    host.innerHTML = `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">${grid.join("")}${marks.join("")}${band}${paths.join("")}
      ${shown ? `<text x="${x(shown[0])}" y="${top - 8}" text-anchor="middle">best ${percent(shown[0])}</text>` : ""}
      <line id="compare-line" class="ec-value-line" y1="${top}" y2="${bottom}"/></svg>`;
    state.x = x;
  }

  function cell(label, n, of, strong) {
    return `<div class="ec-confusion-cell" style="--part: ${Math.sqrt(n / Math.max(1, of)).toFixed(2)}"><strong>${count(n)}</strong><span>${label} · ${percent(n / Math.max(1, of))}</span></div>`;
  }

  function confusion([index, version]) {
    const all = state.all;
    const sum = picked(index);
    const missed = all.positives - sum.positives;
    const rest = all.labelled - sum.labelled - missed;
    const head = `<h3><span class="ec-version-key ec-version-key-${index % 4}"></span>${escape(version.name)}</h3>`;
    if (!all.labelled)
      return `${head}<p>${percent(sum.events / all.events)} of events are picked.</p>`;
    const value = level(sum);
    return `${head}<div class="ec-confusion"><span></span><span>bought</span><span>did not</span>
      <span>picked</span>${cell("found", sum.positives, all.labelled)}${cell("picked in vain", sum.labelled - sum.positives, all.labelled)}
      <span>not picked</span>${cell("missed", missed, all.labelled)}${cell("rightly left", rest, all.labelled)}</div>
      <p class="ec-caption">${percent(sum.labelled / all.labelled)} picked, ${percent(sum.labelled ? sum.positives / sum.labelled : 0, 0)} of them bought, ${percent(all.positives ? sum.positives / all.positives : 0, 0)} of buyers found. Worth ${money(value)} per 1,000 events.</p>`;
  }

  /** all that moves with the threshold */
  function move() {
    const said = document.getElementById("compare-threshold-said");
    const line = document.getElementById("compare-line");
    const host = document.getElementById("compare-confusion");
    if (!said || !line || !host) return;
    said.textContent = percent(state.threshold);
    line.setAttribute("x1", state.x(state.threshold));
    line.setAttribute("x2", state.x(state.threshold));
    put(host, pair().map(confusion).join(""));
    flips.draw(state.data, state.threshold, state.all);
  }

  /** the slider or a number moved */
  function input(event) {
    const value = Number(event.target.value);
    const name = {
      "compare-threshold": "threshold",
      "compare-gain": "gain",
      "compare-cost": "cost",
    }[event.target.id];
    if (!state.data || !name || !Number.isFinite(value) || value < 0 || event.target.value === "")
      return;
    state[name] = value;
    if (name !== "threshold") drawValue();
    move();
  }

  function load(data) {
    state.data = data;
    if (!data) return;
    Object.assign(state, {
      threshold: data.threshold,
      gain: data.gain,
      cost: data.cost,
      all: totals(),
    });
    state.sums = data.versions.map(ranked);
    const highest = Math.max(
      data.threshold,
      ...data.versions.map((version) => (version.best ? version.best[2] : 0)),
    );
    state.limit = Math.min(1, Math.max(LIMIT, Math.ceil(highest * 10) / 10));
  }

  function draw() {
    drawControls();
    drawValue();
    move();
  }

  const chosen = () => ({
    threshold: Number(state.threshold.toFixed(4)),
    gain: state.gain,
    cost: state.cost,
  });

  window.everycase = window.everycase || {};
  window.everycase.threshold = { load, draw, input, chosen };
})();
