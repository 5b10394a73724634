/* The answer of the Predict page: the scale, the factor, training's support, the bars of flips.
 *
 * Offers everycase.answer. Each function takes the model in the page and a case and returns HTML;
 * none keeps state. */
(() => {
  "use strict";

  const { rates, terms } = window.everycase;
  const F = window.everycase.format;

  /**
   * What flipping each feature would do: HTML by feature.
   * @param {number[]} changes of the score
   */
  function flipBars(changes) {
    const largest = Math.max(0.001, ...changes.map(Math.abs));
    return changes.map((change) => {
      const width = ((Math.abs(change) / largest) * 50).toFixed(1);
      const side = change < 0 ? "right" : "left";
      const kind = change < 0 ? "ec-lower" : "ec-higher";
      return (
        `<span class="ec-flip-bar" aria-hidden="true"><i class="${kind}" style="width:${width}%;${side}:50%"></i></span>` +
        `<span class="ec-flip-text ${kind}-text">${F.points(change)}</span>`
      );
    });
  }

  /** "4.4× the base rate", in two lines @param {Everycase.Model} model @param {number} number */
  function relative(model, number) {
    if (!model.n) return "<span>No training counts came with this version.</span>";
    const times = model.base > 0 ? model.scores[number] / model.base : NaN;
    const factor = Number.isFinite(times)
      ? `<strong>${times < 9.95 ? times.toFixed(1) : F.whole(times)}×</strong> the ${terms.html("base_rate", "base rate")}`
      : "<strong>Nobody</strong> in training was positive";
    return `<span>${factor}</span><span class="ec-soft">${F.percent(model.base)} in training</span>`;
  }

  /** Where a share is on the scale, as CSS. @param {number} share */
  function place(share) {
    return `left:${(Math.min(1, Math.max(0, share)) * 100).toFixed(2)}%`;
  }

  /** @param {Everycase.Model} model @param {Everycase.Interval | null} observed */
  function legend(model, observed) {
    const parts = [`<span><i class="ec-key-dot"></i>${F.safe(model.version)}</span>`];
    if (model.others.some((o) => o.scores && o.version !== model.version)) {
      parts.push('<span><i class="ec-key-ring"></i>other versions</span>');
    }
    if (observed) parts.push('<span><i class="ec-key-band"></i>observed in training, 95 %</span>');
    if (model.n) parts.push('<span><i class="ec-key-dash"></i>base rate</span>');
    return `<div class="ec-legend">${parts.join("")}</div>`;
  }

  /** @param {Everycase.Interval} observed */
  function observedMarks([rate, low, high]) {
    const width = ((high - low) * 100).toFixed(2);
    const label = Math.min(0.86, Math.max(0.14, rate));
    return (
      `<i class="ec-scale-band" style="${place(low)};width:${width}%"></i>` +
      `<i class="ec-scale-rate" style="${place(rate)}"></i>` +
      `<span class="ec-scale-observed" style="${place(label)}">observed</span>`
    );
  }

  /**
   * This version, the others, the base rate and the observed rate on one scale.
   * @param {Everycase.Model} model @param {number} number
   */
  function scale(model, number) {
    const score = model.scores[number];
    const observed = observedRate(model, number);
    let marks = `<i class="ec-scale-fill" style="width:${(score * 100).toFixed(2)}%"></i>`;
    if (observed) marks += observedMarks(observed);
    if (model.n) {
      marks += `<i class="ec-scale-average" style="${place(model.base)}"></i>`;
      const label = Math.min(0.92, Math.max(0.06, model.base));
      marks += `<span class="ec-scale-average-text" style="${place(label)}">base rate</span>`;
    }
    for (const other of model.others) {
      if (!other.scores || other.version === model.version) continue;
      marks += `<i class="ec-scale-ring" style="${place(other.scores[number])}"></i>`;
    }
    marks += `<i class="ec-scale-dot" style="${place(score)}"></i>`;
    const ends = `<span class="ec-scale-low">0${F.NBSP}%</span><span class="ec-scale-high">100${F.NBSP}%</span>`;
    const label = `${F.percent(score)} on a scale from 0 to 100${F.NBSP}%`;
    return `<div class="ec-scale-track" role="img" aria-label="${label}">${marks}${ends}</div>${legend(model, observed)}`;
  }

  /**
   * The rate of positives among the training rows of a case, or null if there are none.
   * @param {Everycase.Model} model @param {number} number
   */
  function observedRate({ n, positives }, number) {
    if (!n || !positives || n[number] === 0) return null;
    return rates.wilson(positives[number], n[number]);
  }

  /** How far training backs this case. @param {Everycase.Model} model @param {number} number */
  function support(model, number) {
    const w = model.words;
    if (!model.n) {
      return notice(
        "people",
        'Support is unknown: this version came without training counts. <a class="ec-link" href="/docs/models#training-counts">How to add them</a>',
      );
    }
    const observed = observedRate(model, number);
    if (!observed) return notice("warning", neverSeen(model, model.n, number), "ec-warn");
    const [rate, low, high] = observed;
    const rows = F.count(model.n[number], `training ${w.person}`, `training ${w.people}`);
    const score = model.scores[number];
    const where = score < low ? "below" : score > high ? "above" : "within";
    return notice(
      "people",
      `<strong>${rows}</strong> had exactly these ${w.inputs}; ` +
        `<strong>${F.percent(rate)} ${w.were_positive}</strong> <span class="ec-nowrap">(${F.number(low)}–${F.percent(high)}).</span> ` +
        `<span class="ec-soft">The prediction lies ${where} that interval.</span>`,
    );
  }

  /** @param {Everycase.Model} model @param {Int32Array} n @param {number} number */
  function neverSeen({ names, words: w }, n, number) {
    const neighbours = names.map((_, i) => n[number ^ (1 << i)]);
    const seen = neighbours.filter((rows) => rows > 0).length;
    const rows = neighbours.reduce((sum, more) => sum + more, 0);
    const near = names.length;
    return (
      `<strong>Never seen in training: no ${w.person} had exactly these ${w.inputs}, so this is extrapolation.</strong> ` +
      `<span class="ec-soft">Of the ${near === 1 ? "one" : F.spell(near).toLowerCase()} ${near === 1 ? w.person : w.people} one ${w.input} away, ` +
      `${F.whole(seen)} ${seen === 1 ? "was" : "were"} seen (${F.count(rows, `training ${w.person}`, `training ${w.people}`)} in all).</span>`
    );
  }

  /** @param {string} symbol @param {string} html @param {string} [kind] */
  function notice(symbol, html, kind = "") {
    return `<p class="ec-notice ${kind}"><span class="ec-icon ec-icon-${symbol}" aria-hidden="true"></span><span>${html}</span></p>`;
  }

  window.everycase.answer = { flipBars, observedRate, relative, scale, support };
})();
