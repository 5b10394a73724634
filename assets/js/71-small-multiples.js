/* Drift's small multiples: one chart a feature, its rate over time with the strip of verdicts, and
 * the tooltip over them.
 *
 * Offers everycase.smallMultiples: draw, hover. */
(() => {
  "use strict";

  const { byId, closest } = window.everycase.page;
  const F = window.everycase.format;
  const [LEFT, BOTTOM, HEIGHT, STRIP] = [30, 76, 106, 9]; // CSS pixels
  const TIP_WIDTH = 270;
  const DAY = 86_400_000; // ms
  const LONGEST_STEP = 1.5; // periods between two that a line joins
  /** Where the axis of shares may end; halves of them are round, too. */
  const TOPS = [0.001, 0.002, 0.004, 0.01, 0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1];
  const TONES = ["", "stable", "unsure", "bad"]; // by the number in a strip
  /** The part of the strip's height that a verdict takes. @type {Record<string, number>} */
  const TALL = { stable: 0.28, unsure: 0.55, bad: 1 };
  /** Tone and words of a verdict. @type {Record<string, [string, string]>} */
  const VERDICTS = {
    drifted: ["bad", "Drifted"],
    stable: ["good", "✓ Stable"],
    "cannot tell": ["unsure", "? Inconclusive"],
  };

  /** Where the time axis begins and ends, in ms. @param {Everycase.SmallMultiples} small */
  function edges({ begins, days, until, every }) {
    return [Math.min(begins[0], days[0]), Math.max(until, begins[begins.length - 1] + every)];
  }

  /** A path through points. @param {number[]} xs @param {number[]} ys */
  function path(xs, ys) {
    return xs.map((x, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${ys[i].toFixed(1)}`).join("");
  }

  /**
   * The periods with events, as runs without a gap: nothing is known between two of them.
   * @param {Everycase.SmallMultiples} small
   */
  function runs({ begins, n, every }) {
    /** @type {number[][]} */
    const all = [];
    let last = NaN;
    begins.forEach((begin, i) => {
      if (!(n[i] > 0)) return;
      if (begin - last <= every * LONGEST_STEP) all[all.length - 1].push(i);
      else all.push([i]);
      last = begin;
    });
    return all;
  }

  /**
   * The upper end of the axis that all charts share, a share.
   * @param {Everycase.SmallMultiples} small
   */
  function commonTop({ features, n }) {
    const rates = features.map((f) => f.rates.filter((_, i) => n[i] > 0));
    const highest = Math.max(...features.map((f, i) => Math.max(f.baseline, ...rates[i])));
    return TOPS.find((top) => highest * 1.05 <= top) ?? 1;
  }

  /**
   * The rate over time, and the band of its interval.
   * @param {Everycase.SmallMultiples} small @param {Everycase.SmallFeature} feature
   * @param {(ms: number) => number} x @param {(share: number) => number} y
   */
  function curve(small, feature, x, y) {
    const at = (/** @type {number} */ i) => x(small.begins[i] + small.every / 2);
    const parts = runs(small).map((points) => {
      if (points.length === 1) return alone(feature, points[0], at(points[0]), y);
      const xs = points.map(at);
      const high = points.map((i) => y(feature.high[i]));
      const low = points.map((i) => y(feature.low[i]));
      const around = [...xs, ...[...xs].reverse()];
      const rates = points.map((i) => y(feature.rates[i]));
      const band = path(around, [...high, ...low.reverse()]);
      return `<path d="${band}Z" class="ec-sm-band"/><path d="${path(xs, rates)}" class="ec-sm-line"/>`;
    });
    return parts.join("");
  }

  /**
   * A period without neighbours: a line has no length there.
   * @param {Everycase.SmallFeature} feature @param {number} i @param {number} x
   * @param {(share: number) => number} y
   */
  function alone(feature, i, x, y) {
    const [low, high] = [y(feature.low[i]), y(feature.high[i])];
    return `<rect x="${(x - 2).toFixed(1)}" width="4" y="${high.toFixed(1)}" height="${(low - high).toFixed(1)}" class="ec-sm-band"/><circle cx="${x.toFixed(1)}" cy="${y(feature.rates[i]).toFixed(1)}" r="2" class="ec-sm-point"/>`;
  }

  /** @param {number} width @param {number} top @param {(share: number) => number} y */
  function gridlines(width, top, y) {
    return [0, 0.5, 1].map((part) => {
      const at = y(top * part);
      const label = Number((top * part * 100).toPrecision(3));
      return `<line x1="${LEFT}" x2="${width}" y1="${at}" y2="${at}" class="ec-sm-grid"/><text x="${LEFT - 5}" y="${at + 4}" text-anchor="end">${label}</text>`;
    });
  }

  /**
   * The verdict of each day.
   * @param {Everycase.SmallMultiples} small @param {Everycase.SmallFeature} feature
   * @param {(ms: number) => number} x
   */
  function strip(small, feature, x) {
    const day = small.days[1] ? small.days[1] - small.days[0] : DAY;
    const right = x(Infinity);
    return feature.strip.map((verdict, i) => {
      const name = TONES[verdict];
      if (!name) return "";
      const height = STRIP * TALL[name];
      const from = x(small.days[i]);
      const width = Math.min(right, Math.max(from + 1, x(small.days[i] + day)) + 0.4) - from;
      return `<rect x="${from.toFixed(1)}" width="${width.toFixed(1)}" y="${(HEIGHT - 14 - height).toFixed(1)}" height="${height.toFixed(1)}" class="ec-sm-${name}"/>`;
    });
  }

  /**
   * @param {Everycase.SmallMultiples} small @param {Everycase.SmallFeature} feature
   * @param {number} width @param {number} top
   */
  function chart(small, feature, width, top) {
    const [first, last] = edges(small);
    const x = (/** @type {number} */ ms) =>
      LEFT + ((width - LEFT - 2) * (Math.min(last, Math.max(first, ms)) - first)) / (last - first);
    const y = (/** @type {number} */ share) => BOTTOM - ((BOTTOM - 6) * Math.min(share, top)) / top;
    const low = y(Math.max(0, feature.baseline - small.margin));
    const high = y(Math.min(top, feature.baseline + small.margin));
    const ends = [first, last].map((ms, i) => {
      const day = F.day(ms - i);
      if (i && day === F.day(first)) return "";
      return `<text x="${x(ms)}" y="${HEIGHT - 2}" text-anchor="${i ? "end" : "start"}">${day}</text>`;
    });
    return `<svg viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" aria-hidden="true">
      ${gridlines(width, top, y).join("")}
      <rect x="${x(small.since)}" width="${Math.max(1, x(small.until) - x(small.since))}" y="4" height="${BOTTOM - 4}" class="ec-sm-window"/>
      <rect x="${LEFT}" width="${width - LEFT}" y="${high}" height="${low - high}" class="ec-sm-margin"/>
      <line x1="${LEFT}" x2="${width}" y1="${y(feature.baseline)}" y2="${y(feature.baseline)}" class="ec-sm-baseline"/>
      ${curve(small, feature, x, y)}
      ${strip(small, feature, x).join("")}${ends.join("")}</svg>`;
  }

  /** What is above a chart. @param {Everycase.SmallFeature} feature */
  function head({ name, baseline, window: rate, verdict }) {
    const [tone, word] = VERDICTS[verdict];
    const arrow = verdict === "drifted" ? (rate > baseline ? "▲ " : "▼ ") : "";
    return `<div class="ec-sm-head"><span><strong>${F.safe(name)}</strong> <span class="ec-soft">${F.shortPercent(baseline)} →</span> ${F.shortPercent(rate)}</span><span class="ec-verdict ec-tone-${tone}">${arrow}${word}</span></div>`;
  }

  /** @param {Everycase.SmallMultiples | undefined} small */
  function draw(small) {
    const host = byId("drift-small");
    if (!host || !small) return;
    host.innerHTML = small.features
      .map((feature) => `<div class="ec-sm">${head(feature)}<div class="ec-sm-plot"></div></div>`)
      .join("");
    const plots = [...host.querySelectorAll(".ec-sm-plot")];
    const width = Math.max(120, plots[0].clientWidth);
    const top = commonTop(small);
    plots.forEach((plot, i) => {
      plot.innerHTML = chart(small, small.features[i], width, top);
    });
  }

  /**
   * The point under the pointer: when, how many, and the interval.
   * @param {MouseEvent} event @param {Everycase.SmallMultiples | undefined} small
   */
  function hover(event, small) {
    const plot = closest(event, ".ec-sm-plot");
    const text = plot && small ? pointText(event, plot, small) : "";
    const tip = byId("drift-tip") ?? (text ? addTip() : null);
    if (!tip || !text) {
      tip?.remove();
      return;
    }
    tip.textContent = text;
    tip.style.left = `${Math.min(event.pageX + 12, document.documentElement.clientWidth - TIP_WIDTH)}px`;
    tip.style.top = `${event.pageY + 14}px`;
  }

  function addTip() {
    const tip = Object.assign(document.createElement("div"), {
      id: "drift-tip",
      className: "ec-tip",
    });
    return document.body.appendChild(tip);
  }

  /** @param {MouseEvent} event @param {Element} plot @param {Everycase.SmallMultiples} small */
  function pointText(event, plot, small) {
    const feature = small.features[[...document.querySelectorAll(".ec-sm-plot")].indexOf(plot)];
    const box = plot.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - 2);
    const [first, last] = edges(small);
    const at = first + share * (last - first);
    const i = small.begins.findIndex((begin) => at >= begin && at < begin + small.every);
    if (i < 0 || !small.n[i]) return "";
    const rates = [feature.rates[i], feature.low[i], feature.high[i]].map(F.shortPercent);
    return `${feature.name}, ${F.day(small.begins[i])}: ${rates[0]} [${rates[1]}, ${rates[2]}] of ${F.count(small.n[i], "event", "events")}`;
  }

  window.everycase.smallMultiples = { draw, hover };
})();
