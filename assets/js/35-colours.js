/* The colours of the map, and what they mean in each of its modes.
 *
 * Offers everycase.colours: measure, mix, palette, ramp. */
(() => {
  "use strict";

  const F = window.everycase.format;

  /** "#4263eb" -> [66, 99, 235] @param {string} hex @returns {Everycase.Rgb} */
  function rgb(hex) {
    const value = parseInt(hex.slice(1), 16);
    return [value >> 16, (value >> 8) & 255, value & 255];
  }

  /** @param {Everycase.Rgb} a @param {Everycase.Rgb} b @param {number} t 0 gives a, 1 gives b */
  function mix(a, b, t) {
    return `rgb(${a.map((v, i) => Math.round(v + (b[i] - v) * t)).join(",")})`;
  }

  /** The colour at t in [0, 1] of a list of stops. @param {Everycase.Rgb[]} stops @param {number} t */
  function ramp(stops, t) {
    const at = Math.min(1, Math.max(0, t)) * (stops.length - 1);
    const i = Math.min(stops.length - 2, Math.floor(at));
    return mix(stops[i], stops[i + 1], at - i);
  }

  /** The colours of the theme that an element is in. @param {Element} host */
  function palette(host) {
    const style = getComputedStyle(host);
    const css = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    return {
      ramp: css("--ec-ramp").split(/\s+/).map(rgb),
      higher: rgb(css("--ec-higher")),
      lower: rgb(css("--ec-lower")),
      even: rgb(css("--ec-even")),
      ink: css("--ec-ink"),
      soft: css("--ec-soft"),
      card: css("--ec-card"),
      line: css("--ec-lane"),
      accent: css("--ec-accent"),
      font: css("--ec-font"),
    };
  }

  /**
   * What a mode of the map colours: the place of a case on the scale (0…1, or -1…1 if diverging),
   * and the labels of the scale's ends.
   * @param {Everycase.Model} model @param {string} mode @returns {Everycase.Measure}
   */
  function measure(model, mode) {
    if (mode === "training" && model.n) return trainingCounts(model.n);
    const champion = model.others.find((o) => o.champion);
    if (mode === "champion" && champion?.scores && champion.version !== model.version) {
      return differences(model.scores, champion.scores);
    }
    return probabilities(model.scores);
  }

  /** @param {Int32Array} n @returns {Everycase.Measure} */
  function trainingCounts(n) {
    const most = Math.max(...n);
    const end = Math.log1p(most) || 1;
    return { at: (c) => Math.log1p(n[c]) / end, low: "0", high: F.whole(most) };
  }

  /** @param {Float64Array} scores @param {Float64Array} champion @returns {Everycase.Measure} */
  function differences(scores, champion) {
    let reach = 0.01;
    for (let c = 0; c < scores.length; c++) {
      reach = Math.max(reach, Math.abs(scores[c] - champion[c]));
    }
    reach = Math.ceil(reach * 20 - 1e-9) / 20;
    return {
      diverging: true,
      at: (c) => (scores[c] - champion[c]) / reach,
      low: F.points(-reach),
      high: F.points(reach),
    };
  }

  /** @param {Float64Array} scores @returns {Everycase.Measure} */
  function probabilities(scores) {
    let most = 0;
    for (const score of scores) most = Math.max(most, score);
    const end = Math.max(0.01, Math.ceil(most * 10 - 1e-9) / 10);
    return { at: (c) => scores[c] / end, low: `0${F.NBSP}%`, high: F.percent(end, 0) };
  }

  window.everycase.colours = { measure, mix, palette, ramp };
})();
