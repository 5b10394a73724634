/* Why this probability: Shapley values as a waterfall from the average to the case.
 *
 * Offers everycase.waterfall: draw, which returns HTML and keeps no state. */
(() => {
  "use strict";

  const { cases, svg } = window.everycase;
  const F = window.everycase.format;
  const ROW = 25.5;
  const TOP = 8;

  /**
   * Shapley values from the largest on, and the levels before and after each.
   * @param {Everycase.Model} model @param {Int32Array} n @param {number} number
   */
  function contributions({ scores }, n, number) {
    const { average, values } = cases.shapley(scores, n, number);
    const order = [...values.keys()].sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
    const levels = [average];
    for (const i of order) levels.push(levels[levels.length - 1] + values[i]);
    return { average, values, order, levels };
  }

  /** The room for names, in CSS pixels. @param {string[]} names */
  function nameWidth(names) {
    const longest = Math.max(...names.map((name) => name.length));
    return Math.min(150, Math.max(112, 62 + 7 * longest));
  }

  /** @param {Everycase.Model} model @param {number} number @param {number} width in CSS pixels */
  function draw(model, number, width) {
    if (!model.n) {
      return '<p class="ec-empty-note">Shapley values compare with the average of the training data, and this version came without its counts.</p>';
    }
    const { average, values, order, levels } = contributions(model, model.n, number);
    const score = model.scores[number];
    const left = nameWidth(model.names);
    const scale = svg.axis(Math.max(score, ...levels));
    const x = (/** @type {number} */ v) => left + (v / scale.end) * (width - left - 60);
    const bottom = TOP + ROW * (order.length + 2);
    const { person } = model.words;
    const steps = order.map((i, k) =>
      step(k + 1, model, number, i, values[i], levels[k], levels[k + 1], x, left),
    );
    const content =
      svg.gridlines(scale, x, 4, bottom) +
      bar(0, `Average ${person}`, average, "ec-bar-average", x, left) +
      steps.join("") +
      bar(order.length + 1, `This ${person}`, score, "ec-bar-this", x, left, "ec-strong");
    return svg.picture(width, bottom + 26, label(model, number, average, order, values), content);
  }

  /**
   * The waterfall as a sentence.
   * @param {Everycase.Model} model @param {number} number @param {number} average
   * @param {number[]} order @param {Float64Array} values
   */
  function label({ names, scores, words }, number, average, order, values) {
    const steps = order.map((i) => {
      const has = (number >> i) & 1 ? words.has : words.lacks;
      return `${names[i]} ${has} ${F.points(values[i])} points`;
    });
    const end = `this ${words.person} ${F.percent(scores[number])}`;
    return [`Average ${F.percent(average)}`, ...steps, end].join("; ");
  }

  /**
   * A bar from 0: the average, or this case.
   * @param {number} k row @param {string} name @param {number} value @param {string} kind
   * @param {(v: number) => number} x @param {number} left @param {string} [className] of the name
   */
  function bar(k, name, value, kind, x, left, className) {
    const y = TOP + ROW * k;
    return (
      svg.text(left - 12, y + 17, name, className, "end") +
      svg.rect(x(0), y + 4, x(value) - x(0), 16, kind, 3) +
      svg.text(x(value) + 8, y + 17, F.percent(value), "ec-strong")
    );
  }

  /**
   * What one feature adds, and the line from the bar above.
   * @param {number} k row @param {Everycase.Model} model @param {number} number
   * @param {number} i feature @param {number} change @param {number} from @param {number} to
   * @param {(v: number) => number} x @param {number} left
   */
  function step(k, model, number, i, change, from, to, x, left) {
    const y = TOP + ROW * k;
    const on = (number >> i) & 1;
    const kind = change < 0 ? "ec-lower" : "ec-higher";
    const [low, high] = [Math.min(x(from), x(to)), Math.max(x(from), x(to))];
    return (
      svg.line(x(from), y - ROW + 20, x(from), y + 4, "ec-step") +
      `<text x="${left - 12}" y="${y + 17}" text-anchor="end" class="${on ? "" : "ec-soft-text"}">` +
      `<tspan class="ec-strong">${F.safe(shorten(model.names[i]))}</tspan><tspan dx="6">${on ? model.words.has : model.words.lacks}</tspan></text>` +
      svg.rect(low, y + 4, Math.max(1.5, high - low), 16, kind, 3) +
      svg.text(high + 8, y + 17, F.points(change), `${kind}-text`)
    );
  }

  /** @param {string} name */
  function shorten(name) {
    return name.length > 10 ? `${name.slice(0, 9)}…` : name;
  }

  window.everycase.waterfall = { draw };
})();
