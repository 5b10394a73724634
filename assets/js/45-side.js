/* What is beside the map and under the switches: the legend, the cell's facts, the highest cases,
 * the examples, and why a mode of the map is unavailable.
 *
 * Offers everycase.side: blocked, cell, examples, highest, legend, story; they return HTML or data. */
(() => {
  "use strict";

  const { cases, rates, terms } = window.everycase;
  const F = window.everycase.format;
  const BACKED = 20; // training rows below which a case isn't listed among the highest

  /** The inputs that are on. @param {Everycase.Model} model @param {number} number */
  function title(model, number) {
    return cases.owned(model.names, number).join(" + ") || model.words.no_inputs;
  }

  /**
   * Case numbers with at least so many training rows, the highest score first.
   * @param {Everycase.Model} model @param {number} least
   */
  function ranked({ n, scores }, least) {
    const numbers = [];
    for (let c = 0; c < scores.length; c++) {
      if (!n || n[c] >= least) numbers.push(c);
    }
    return numbers.sort((a, b) => scores[b] - scores[a]);
  }

  /**
   * Where the version is right, where it is wrong, where it can only guess; the first is what an
   * address without parameters shows (webapp/services/predict/story.py has the same rule).
   * @param {Everycase.Model} model
   */
  function examples(model) {
    const { n, positives, scores, base } = model;
    /** @type {Everycase.Example[]} */
    const list = [];
    const label = (/** @type {number} */ c) =>
      title(model, c) + (cases.bitCount(c) === 1 ? " only" : "");
    const add = (
      /** @type {Everycase.Example["kind"]} */ kind,
      /** @type {number | undefined} */ c,
    ) => {
      if (c !== undefined && !list.some((one) => one.number === c))
        list.push({
          kind,
          label: kind === "unseen" ? "Never seen" : label(c),
          number: c,
        });
    };
    if (!n || !positives) {
      add("", ranked(model, 0)[0]);
      add("", 0);
      return list;
    }
    const backed = ranked(model, BACKED);
    const far = (/** @type {number} */ c, /** @type {number} */ from) =>
      n[c] * Math.abs(scores[c] - from);
    const isBacked = (/** @type {number} */ c) => {
      const [, low, high] = rates.wilson(positives[c], n[c]);
      return low <= scores[c] && scores[c] <= high;
    };
    const most = (/** @type {number[]} */ list, /** @type {(c: number) => number} */ weight) =>
      list.toSorted((a, b) => weight(b) - weight(a))[0];
    add(
      "right",
      most(backed.filter(isBacked), (c) => far(c, base)),
    );
    add(
      "wrong",
      most(
        backed.filter((c) => !isBacked(c)),
        (c) => far(c, positives[c] / n[c]),
      ),
    );
    add(
      "unseen",
      ranked(model, 0).find((c) => n[c] === 0),
    );
    return list;
  }

  /** What the case teaches, if it is one of the examples. @param {Everycase.Model} model @param {number} number */
  function story(model, number) {
    const kind = examples(model).find((one) => one.number === number)?.kind;
    const { n, positives, scores, words: w } = model;
    if (!kind || !n || !positives) return "";
    const people = `${F.whole(n[number])} such ${w.people}`;
    const said = F.percent(scores[number]);
    if (kind === "unseen")
      return `<strong>A guess.</strong> Nobody in training had these ${w.inputs}: the model goes by what it learnt from others.`;
    const observed = `${F.percent(positives[number] / n[number])} of ${people} ${w.were_positive}`;
    if (kind === "right")
      return `<strong>Right.</strong> The model says ${said}, and in training ${observed}.`;
    return `<strong>Wrong.</strong> The model says ${said}, but in training ${observed}: an exception that it missed.`;
  }

  /** Why a mode of the map can't be chosen, by mode; "" if it can. @param {Everycase.Model} model */
  function blocked(model) {
    const champion = model.others.find((o) => o.champion);
    let against = "";
    if (model.champion)
      against = "This is the champion: pick another version to see where they differ.";
    else if (!champion)
      against = "The champion can't be served, so there is nothing to compare with.";
    else if (!champion.scores)
      against = "The champion has other inputs or stands for another class.";
    return {
      training: model.n ? "" : "This version came without training counts.",
      champion: against,
    };
  }

  /** @param {Everycase.Model} model @param {number} number @param {Everycase.Measure} scale */
  function legend(model, number, scale) {
    const t = scale.at(number);
    const at = scale.diverging ? 50 + 50 * t : 100 * Math.min(1, t);
    const unseen = model.n ? model.n.filter((n) => n === 0).length : 0;
    const label = Math.min(72, Math.max(28, at));
    const text = scale.diverging
      ? "lower ← champion → higher"
      : `this ${model.words.person} ${F.percent(model.scores[number])}`;
    return (
      `<div class="ec-ramp ${scale.diverging ? "ec-ramp-diverging" : ""}"><i style="left:${at.toFixed(2)}%"></i></div>` +
      `<div class="ec-ramp-text"><span>${scale.low}</span><span class="ec-ramp-here" style="left:${label.toFixed(2)}%">${text}</span><span>${scale.high}</span></div>` +
      `<div class="ec-legend"><span><i class="ec-key-case"></i>this ${F.safe(model.words.person)}</span>` +
      `<span><i class="ec-key-near"></i>one ${F.safe(model.words.input)} away</span>` +
      `<span><i class="ec-key-lane"></i>${F.safe(model.words.has)}</span>` +
      (model.n
        ? `<span>× ${F.whole(unseen)} of ${F.whole(model.n.length)} never seen</span>`
        : "") +
      "</div>"
    );
  }

  /** The facts of the selected cell. @param {Everycase.Model} model @param {number} number */
  function cell(model, number) {
    const rows = [
      ["inputs_on", model.words.has_heading, title(model, number)],
      ["case", "Case", `${F.whole(number)} of ${F.whole(model.scores.length - 1)}`],
    ];
    if (model.n)
      rows.push([
        "training_rows",
        `Training ${model.words.people}`,
        `${F.whole(model.n[number])} of ${F.whole(model.total)}`,
      ]);
    rows.push(["predicted", "Predicted", F.percent(model.scores[number])]);
    const list = rows.map(
      ([term, k, v]) => `<div><dt>${terms.html(term, k)}</dt><dd>${F.safe(v)}</dd></div>`,
    );
    return `<h3>${terms.html("this_cell", "This cell")}</h3><dl>${list.join("")}</dl>`;
  }

  /** @param {Everycase.Model} model @param {number} number */
  function highest(model, number) {
    const { n, positives, words } = model;
    const top = ranked(model, BACKED).slice(0, 5);
    const heading = n ? `Highest with at least ${BACKED} training ${words.people}` : "Highest";
    if (!top.length)
      return `<h3>${terms.html("highest", heading)}</h3><p class="ec-soft">No case has that many.</p>`;
    const observed = n
      ? `<th scope="col">${terms.html("observed", "Observed")}</th><th scope="col">${terms.html("training_rows", F.capital(words.people))}</th>`
      : "";
    const rows = top.map((c) => {
      const cells =
        n && positives ? `<td>${F.percent(positives[c] / n[c])}</td><td>${F.whole(n[c])}</td>` : "";
      const here = c === number ? ' class="ec-here"' : "";
      return `<tr data-case="${c}"${here}><th scope="row"><button type="button">${F.safe(title(model, c))}</button></th><td>${F.percent(model.scores[c])}</td>${cells}</tr>`;
    });
    return `<h3>${terms.html("highest", heading)}</h3><table class="ec-table"><thead><tr><th scope="col">${terms.html("inputs_on", words.has_heading)}</th><th scope="col">${terms.html("predicted", "Predicted")}</th>${observed}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
  }

  window.everycase.side = { blocked, cell, examples, highest, legend, story };
})();
