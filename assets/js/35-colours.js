/* Everycase in the browser: the colours of the map, and what they stand for. */
(function () {
  "use strict";

  const F = window.everycase.format;

  function rgb(hex) {
    const value = parseInt(hex.slice(1), 16);
    return [value >> 16, (value >> 8) & 255, value & 255];
  }

  function mix(a, b, t) {
    return `rgb(${a.map((v, i) => Math.round(v + (b[i] - v) * t)).join(",")})`;
  }

  /** colour at t in [0, 1] of a list of stops */
  function ramp(stops, t) {
    const at = Math.min(1, Math.max(0, t)) * (stops.length - 1);
    const i = Math.min(stops.length - 2, Math.floor(at));
    return mix(stops[i], stops[i + 1], at - i);
  }

  /** the colours of the theme that an element is shown in */
  function palette(host) {
    const style = getComputedStyle(host);
    const css = (name) => style.getPropertyValue(name).trim();
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

  /** what a mode of the map colours: value of a case, and where it stands on the scale (-1…1 or 0…1) */
  function measure(model, mode) {
    if (mode === "training" && model.n) {
      const most = Math.log1p(Math.max(...model.n));
      return {
        at: (c) => Math.log1p(model.n[c]) / (most || 1),
        low: "0",
        high: F.whole(Math.max(...model.n)),
      };
    }
    const champion = model.others.find((o) => o.champion && o.scores);
    if (mode === "champion" && champion && champion.version !== model.version) {
      let reach = 0.01;
      for (let c = 0; c < model.scores.length; c++) {
        reach = Math.max(reach, Math.abs(model.scores[c] - champion.scores[c]));
      }
      reach = Math.ceil(reach * 20 - 1e-9) / 20;
      return {
        diverging: true,
        at: (c) => (model.scores[c] - champion.scores[c]) / reach,
        low: F.points(-reach),
        high: F.points(reach),
      };
    }
    let most = 0;
    for (const score of model.scores) most = Math.max(most, score);
    const end = Math.max(0.01, Math.ceil(most * 10 - 1e-9) / 10);
    return {
      at: (c) => model.scores[c] / end,
      low: "0" + F.NBSP + "%",
      high: F.whole(end * 100) + F.NBSP + "%",
    };
  }

  window.everycase.colours = { measure, mix, palette, ramp };
})();
