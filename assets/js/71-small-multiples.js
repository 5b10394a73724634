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
   * The upper end of the axis that all charts share, a share.
   * @param {Everycase.SmallMultiples} small
   */
  function commonTop({ features, n }) {
    const rates = features.map((f) => f.rates.filter((_, i) => n[i] > 0));
    const highest = Math.max(...features.map((f, i) => Math.max(f.baseline, ...rates[i])));
    return Math.min(1, Math.ceil((highest * 1.05) / 0.1) * 0.1) || 0.1;
  }

  /**
   * The rate over time, and the band of its interval.
   * @param {Everycase.SmallMultiples} small @param {Everycase.SmallFeature} feature
   * @param {(ms: number) => number} x @param {(share: number) => number} y
   */
  function curve(small, feature, x, y) {
    const points = small.begins.map((_, i) => i).filter((i) => small.n[i] > 0);
    const xs = points.map((i) => x(small.begins[i] + small.every / 2));
    const high = points.map((i) => y(feature.high[i]));
    const low = points.map((i) => y(feature.low[i]));
    const around = [...xs, ...[...xs].reverse()];
    const band = points.length > 1 ? `${path(around, [...high, ...low.reverse()])}Z` : "";
    const rates = points.map((i) => y(feature.rates[i]));
    return `<path d="${band}" class="ec-sm-band"/><path d="${path(xs, rates)}" class="ec-sm-line"/>`;
  }

  /** @param {number} width @param {number} top @param {(share: number) => number} y */
  function gridlines(width, top, y) {
    return [0, 0.5, 1].map((part) => {
      const at = y(top * part);
      return `<line x1="${LEFT}" x2="${width}" y1="${at}" y2="${at}" class="ec-sm-grid"/><text x="${LEFT - 5}" y="${at + 4}" text-anchor="end">${Math.round(top * part * 100)}</text>`;
    });
  }

  /**
   * The verdict of each day.
   * @param {Everycase.SmallMultiples} small @param {Everycase.SmallFeature} feature
   * @param {(ms: number) => number} x
   */
  function strip(small, feature, x) {
    const width = Math.max(1, x(small.days[1] || small.until) - x(small.days[0])) + 0.4;
    return feature.strip.map((verdict, i) => {
      const name = TONES[verdict];
      if (!name) return "";
      const height = STRIP * TALL[name];
      return `<rect x="${x(small.days[i]).toFixed(1)}" width="${width.toFixed(1)}" y="${(HEIGHT - 14 - height).toFixed(1)}" height="${height.toFixed(1)}" class="ec-sm-${name}"/>`;
    });
  }

  /**
   * @param {Everycase.SmallMultiples} small @param {Everycase.SmallFeature} feature
   * @param {number} width @param {number} top
   */
  function chart(small, feature, width, top) {
    const [first, last] = edges(small);
    const x = (/** @type {number} */ ms) =>
      LEFT + ((width - LEFT - 2) * (ms - first)) / (last - first);
    const y = (/** @type {number} */ share) => BOTTOM - ((BOTTOM - 6) * share) / top;
    const low = y(Math.max(0, feature.baseline - small.margin));
    const high = y(Math.min(top, feature.baseline + small.margin));
    const ends = [first, last].map(
      (ms, i) =>
        `<text x="${x(ms)}" y="${HEIGHT - 2}" text-anchor="${i ? "end" : "start"}">${F.day(ms - (i ? 1 : 0))}</text>`,
    );
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
