/* Compare's threshold: the slider, gain and cost, and what they do: value, confusion, flips.
 *
 * Offers everycase.threshold: draw, input, load, resize, settings.
 * Score tables and counts are in the page, so all of it moves without a request. */
(() => {
  "use strict";

  const { decisions, flips, terms } = window.everycase;
  const { byId } = window.everycase.page;
  const F = window.everycase.format;
  const LIMIT = 0.6; // higher thresholds are rarely useful; the data can widen it
  const [HEIGHT, LEFT, TOP, BOTTOM] = [240, 44, 24, 212]; // of the drawing, CSS pixels

  const STEPS = [0.01, 0.005, 0.001]; // of the slider, the coarsest that its threshold is on
  const FINEST = 0.0001; // of thresholds in links
  const MOST = 1e9; // of gain and cost
  const NAMES = { "compare-gain": "Gain", "compare-cost": "Cost" };

  const settings = { threshold: 0.2, gain: 8, cost: 1 };
  /** What the page compares, with its sums; from `load`. @type {Everycase.ThresholdState | null} */
  let state = null;
  /** The place of a threshold in the drawing. @type {(threshold: number) => number} */
  let place = () => 0;

  /**
   * The steps that the eye can separate: of those on the same half pixel the highest and the last.
   * @param {Everycase.Point[]} line @param {(at: number) => number} x
   */
  function thinned(line, x) {
    /** @type {[Everycase.Point, Everycase.Point][]} */
    const kept = [];
    let column = NaN;
    for (const point of line) {
      const here = Math.round(2 * x(point[0]));
      if (here !== column) kept.push([point, point]);
      const top = kept[kept.length - 1];
      if (point[1] > top[0][1]) top[0] = point;
      top[1] = point;
      column = here;
    }
    return kept.flatMap(([top, last]) => (top === last ? [top] : [top, last]));
  }

  /* ---- the controls ---- */

  /** Even steps from 0 that the threshold is one of. @param {number} threshold */
  function stepFor(threshold) {
    const isOn = (/** @type {number} */ step) =>
      Math.abs(threshold / step - Math.round(threshold / step)) < 1e-6;
    return STEPS.find(isOn) ?? FINEST;
  }

  /** A label with the mark of its term, which is no part of its name, and its control. */
  function labelled(
    /** @type {string} */ id,
    /** @type {string} */ label,
    /** @type {string} */ control,
  ) {
    const term = terms.mark(id.replace("compare-", ""), label);
    return `<div class="ec-control"><span><label for="${id}">${label}</label> ${term}</span>${control}</div>`;
  }

  /** @param {string} id @param {string} label @param {number} value */
  function worth(id, label, value) {
    return labelled(
      id,
      label,
      `<input id="${id}" type="number" min="0" max="${MOST}" step="any" required value="${value}" aria-describedby="compare-worth-problem">`,
    );
  }

  /** @param {Everycase.ThresholdState} state */
  function drawControls({ data, all, limit }) {
    const host = byId("compare-controls");
    if (!host) return;
    const gain = worth(
      "compare-gain",
      `Gain per ${F.safe(data.words.positive)} picked`,
      settings.gain,
    );
    const both = gain + worth("compare-cost", "Cost per pick", settings.cost);
    host.innerHTML = `<div class="ec-controls">${all.labelled > 0 ? both : ""}
      <div class="ec-control ec-threshold"><span><label for="compare-threshold">Threshold</label> ${terms.mark("threshold", "Threshold")} <output id="compare-threshold-said" aria-live="off"></output></span>
      <input id="compare-threshold" type="range" aria-label="Threshold" min="0" max="${limit}" step="${stepFor(settings.threshold)}" value="${settings.threshold}"></div></div>
      <p id="compare-worth-problem" class="ec-bad-title" role="alert"></p>`;
  }

  /** What is wrong with gain and cost, in sentences. */
  function showProblems() {
    const place = byId("compare-worth-problem");
    if (!place) return;
    const sentences = Object.entries(NAMES).flatMap(([id, name]) => {
      const control = /** @type {HTMLInputElement | null} */ (byId(id));
      if (!control) return [];
      const isWrong = !control.validity.valid;
      control.setAttribute("aria-invalid", String(isWrong));
      const reach = `a number from 0 to ${F.whole(MOST)}`;
      return isWrong ? [`${name} must be ${reach}; the last one that was is still used.`] : [];
    });
    const text = sentences.join(" ");
    if (place.textContent !== text) place.textContent = text;
  }

  /* ---- the value by threshold ---- */

  /**
   * The lowest and highest value to be shown; what is far below 0 is cut off.
   * @param {Everycase.Point[][]} lines @param {number} limit
   */
  function extent(lines, limit) {
    let [low, high] = [0, 1e-9];
    for (const line of lines) {
      for (const [at, value] of line) {
        if (at <= limit) [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
    }
    return [Math.max(low, -0.4 * high), high];
  }

  /**
   * Round values from low to high, 0 among them, and not many more than wanted.
   * @param {number} low at most 0 @param {number} high @param {number} wanted
   */
  function ticks(low, high, wanted) {
    const rough = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * ([1, 2, 5].find((one) => one * power >= rough) ?? 10);
    const first = Math.ceil(low / step - 1e-9);
    const count = Math.floor(high / step + 1e-9) - first + 1;
    return Array.from({ length: count }, (_, i) => (first + i) * step);
  }

  /**
   * A version's line, in steps.
   * @param {Everycase.Point[]} line @param {string} className
   * @param {(at: number) => number} x @param {(value: number) => number} y
   */
  function stepPath(line, className, x, y) {
    const d = thinned(line, x).map(([at, value], k) => {
      const across = x(at).toFixed(1);
      return `${k ? `H${across}V` : `M${across} `}${y(value).toFixed(1)}`;
    });
    return `<path class="${className}" d="${d.join("")}"/>`;
  }

  /**
   * Where the best threshold of the version compared closely may lie, and its label.
   * @param {Everycase.ThresholdState} state @param {(at: number) => number} x
   */
  function best({ data, all, limit }, x) {
    const interval = data.versions[data.close].best;
    if (!interval) return { band: "", label: "" };
    const [value, low, high] = interval;
    const width = Math.max(1, x(high) - x(low));
    const band = `<rect class="ec-version-key-band ${data.versions[data.close].look}" x="${x(low)}" width="${width}" y="${TOP}" height="${BOTTOM - TOP}"/>`;
    const middle = Math.min(x(limit) - 26, Math.max(LEFT + 16, x(value))); // its text stays inside
    const text = `<text x="${middle}" y="${TOP - 8}" text-anchor="middle">best ${F.percent(value)}</text>`;
    return { band, label: all.labelled ? text : "" };
  }

  /** @param {Everycase.ThresholdState} state */
  function drawValue(state) {
    const host = byId("compare-value");
    if (!host) return;
    const { data, all, limit, steps } = state;
    const { gain, cost } = settings;
    const width = Math.max(240, host.clientWidth);
    const lines = steps.map((one) => decisions.valueLine(one, all, gain, cost));
    const [low, high] = extent(lines, limit);
    const x = (/** @type {number} */ at) =>
      LEFT + ((width - LEFT - 22) * Math.min(at, limit)) / limit;
    const y = (/** @type {number} */ value) =>
      BOTTOM - ((BOTTOM - TOP) * (Math.max(value, low) - low)) / (high - low);
    const grid = ticks(low, high, 4).map(
      (v) =>
        `<line class="ec-sm-grid" x1="${LEFT}" x2="${width}" y1="${y(v)}" y2="${y(v)}"/><text x="${LEFT - 6}" y="${y(v) + 4}" text-anchor="end">${Number.isInteger(v) ? F.money(v) : Number(v.toPrecision(3))}${all.labelled ? "" : `${F.NBSP}%`}</text>`,
    );
    const marks = ticks(0, limit, 7).map(
      (at) =>
        `<text x="${x(at)}" y="${HEIGHT - 8}" text-anchor="middle">${F.percent(at, 0)}</text>`,
    );
    const paths = lines.map((line, i) => {
      const far = i && i !== data.close ? " ec-version-key-far" : "";
      return stepPath(line, `ec-version-key-line ${data.versions[i].look}${far}`, x, y);
    });
    const { band, label } = best(state, x);
    const content = [...grid, ...marks, band, ...paths, label].join("");
    host.innerHTML = `<svg viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" aria-hidden="true">${content}<line id="compare-line" class="ec-value-line" y1="${TOP}" y2="${BOTTOM}"/></svg>`;
    place = x;
  }

  /* ---- the confusion of each version ---- */

  /** @param {string} term @param {string} label @param {number} n @param {number} all */
  function cell(term, label, n, all) {
    const share = n / Math.max(1, all);
    return `<div class="ec-confusion-cell" style="--part: ${Math.sqrt(share).toFixed(2)}"><strong>${F.whole(n)}</strong><span>${terms.html(term, label)} · ${F.percent(share)}</span></div>`;
  }

  /** @param {Everycase.ThresholdState} state @param {number} index of the version */
  function confusion({ data, all, steps }, index) {
    const w = data.words;
    const sum = decisions.picked(steps[index], settings.threshold);
    const head = `<h3><span class="ec-version-key ${data.versions[index].look}"></span>${F.safe(data.versions[index].name)}</h3>`;
    if (!all.labelled)
      return `${head}<p>${F.percent(sum.events / all.events)} of events are picked.</p>`;
    const of = decisions.confusion(sum, all);
    const precision = sum.labelled ? sum.positives / sum.labelled : 0;
    const recall = all.positives ? sum.positives / all.positives : 0;
    const value = decisions.value(sum, all, settings.gain, settings.cost);
    return `${head}<div class="ec-confusion"><span></span><span>${F.safe(w.positives)}</span><span>${F.safe(w.negatives)}</span>
      <span>picked</span>${cell("true_positives", "true positives", of.truePositives, all.labelled)}${cell("false_positives", "false positives", of.falsePositives, all.labelled)}
      <span>not picked</span>${cell("false_negatives", "false negatives", of.falseNegatives, all.labelled)}${cell("true_negatives", "true negatives", of.trueNegatives, all.labelled)}</div>
      <p class="ec-caption">${F.percent(sum.labelled / all.labelled)} picked, ${F.percent(precision, 0)} of them ${F.safe(w.were_positive)}, ${F.percent(recall, 0)} of ${F.safe(w.positives)} found. Worth ${F.money(value)} per 1,000 events.</p>`;
  }

  /* ---- all together ---- */

  /** Draw all that moves with the threshold. @param {Everycase.ThresholdState} state */
  function move(state) {
    const output = byId("compare-threshold-said");
    const line = byId("compare-line");
    const host = byId("compare-confusion");
    if (!output || !line || !host) return;
    const at = String(place(settings.threshold));
    output.textContent = F.percent(settings.threshold);
    byId("compare-threshold")?.setAttribute("aria-valuetext", F.percent(settings.threshold));
    line.setAttribute("x1", at);
    line.setAttribute("x2", at);
    flips.put(host, [0, state.data.close].map((index) => confusion(state, index)).join(""));
    flips.draw(state.data, settings.threshold, state.all);
  }

  /** The slider or a number moved. @param {HTMLInputElement} control */
  function input({ id, value: text, validity }) {
    const value = Number(text);
    if (!state) return;
    showProblems();
    if (!validity.valid) return;
    if (id === "compare-threshold") settings.threshold = value;
    else if (id === "compare-gain") settings.gain = value;
    else if (id === "compare-cost") settings.cost = value;
    else return;
    if (id !== "compare-threshold") drawValue(state);
    move(state);
  }

  /** Take the page's data, or null where nothing is compared. @param {Everycase.CompareData | null} data */
  function load(data) {
    state = null;
    if (!data) return;
    Object.assign(settings, { threshold: data.threshold, gain: data.gain, cost: data.cost });
    const highest = Math.max(data.threshold, ...data.versions.map(({ best }) => best?.[2] ?? 0));
    state = {
      data,
      all: decisions.totals(data),
      limit: Math.min(1, Math.max(LIMIT, Math.ceil(highest * 10) / 10)),
      steps: data.versions.map((version) => decisions.cumulate(version.scores, data)),
    };
  }

  /** Draw what depends on the width; the controls keep the focus and what is typed. */
  function resize() {
    if (!state) return;
    drawValue(state);
    move(state);
  }

  function draw() {
    if (state) drawControls(state);
    resize();
  }

  window.everycase.threshold = {
    draw,
    input,
    load,
    resize,
    settings: () => ({ ...settings, threshold: Number(settings.threshold.toFixed(4)) }),
  };
})();
