/* Everycase in the browser: what stands beside the map, and the examples under the switches. */
(function () {
  "use strict";

  const { cases } = window.everycase;
  const F = window.everycase.format;
  const BACKED = 20; // fewer training players than this are no ground for a list of the highest

  function title(model, number) {
    return cases.owned(model.names, number).join(" + ") || model.words.no_inputs;
  }

  /** case numbers with at least `least` training rows, highest score first */
  function ranked(model, least) {
    const found = [];
    for (let c = 0; c < model.scores.length; c++) {
      if (!model.n || model.n[c] >= least) found.push(c);
    }
    return found.sort((a, b) => model.scores[b] - model.scores[a]);
  }

  /** [label, case] of a few cases worth a look */
  function examples(model) {
    const chips = [[model.words.no_inputs, 0]];
    const add = (label, number) => {
      if (number !== undefined && !chips.some((chip) => chip[1] === number))
        chips.push([label, number]);
    };
    const singles = model.names
      .map((_, i) => 1 << i)
      .sort((a, b) => model.scores[b] - model.scores[a]);
    add(`${title(model, singles[0])} only`, singles[0]);
    const best = ranked(model, BACKED).find((c) => cases.bitCount(c) > 1);
    if (best !== undefined && cases.bitCount(best) <= 3) {
      add(title(model, best), best);
    }
    if (model.n)
      add(
        "Never seen",
        ranked(model, 0).find((c) => model.n[c] === 0),
      );
    return chips;
  }

  /** why a mode of the map can't be chosen, by mode */
  function blocked(model) {
    const champion = model.others.find((o) => o.champion);
    let against = "";
    if (model.champion)
      against = "This is the champion: pick another version to see where they differ.";
    else if (!champion) against = "The champion can't be served, so nothing can be set against it.";
    else if (!champion.scores) against = "The champion asks other questions.";
    return {
      training: model.n ? "" : "This version came without training counts.",
      champion: against,
    };
  }

  function legend(model, number, scale) {
    const t = scale.at(number);
    const at = scale.diverging ? 50 + 50 * t : 100 * Math.min(1, t);
    const unseen = model.n ? model.n.filter((n) => n === 0).length : 0;
    const said = scale.diverging ? "lower ← champion → higher" : "";
    const label = Math.min(72, Math.max(28, at));
    const here = `this ${model.words.person} ${F.percent(model.scores[number])}`;
    return (
      `<div class="ec-ramp ${scale.diverging ? "ec-ramp-diverging" : ""}"><i style="left:${at.toFixed(2)}%"></i></div>` +
      `<div class="ec-ramp-text"><span>${scale.low}</span><span class="ec-ramp-here" style="left:${label.toFixed(2)}%">${said || here}</span><span>${scale.high}</span></div>` +
      '<div class="ec-legend"><span><i class="ec-key-case"></i>this ' +
      F.safe(model.words.person) +
      "</span>" +
      `<span><i class="ec-key-near"></i>one ${F.safe(model.words.input)} away</span>` +
      `<span><i class="ec-key-lane"></i>${F.safe(model.words.has)}</span>` +
      (model.n
        ? `<span>× ${F.whole(unseen)} of ${F.whole(model.n.length)} never seen</span>`
        : "") +
      "</div>"
    );
  }

  function cell(model, number) {
    const rows = [
      [model.words.has_heading, title(model, number)],
      ["Case", `${F.whole(number)} of ${F.whole(model.scores.length - 1)}`],
    ];
    if (model.n)
      rows.push([
        `Training ${model.words.people}`,
        `${F.whole(model.n[number])} of ${F.whole(model.total)}`,
      ]);
    rows.push(["Predicted", F.percent(model.scores[number])]);
    const list = rows.map(([k, v]) => `<div><dt>${F.safe(k)}</dt><dd>${F.safe(v)}</dd></div>`);
    return `<h3>This cell</h3><dl>${list.join("")}</dl>`;
  }

  function highest(model, number) {
    const top = ranked(model, BACKED).slice(0, 5);
    const heading = model.n
      ? `Highest with at least ${BACKED} training ${model.words.people}`
      : "Highest";
    if (!top.length) return `<h3>${heading}</h3><p class="ec-soft">No case has that many.</p>`;
    const counted = model.n
      ? `<th scope="col">Observed</th><th scope="col">${F.safe(model.words.people[0].toUpperCase() + model.words.people.slice(1))}</th>`
      : "";
    const rows = top.map((c) => {
      const seen = model.n
        ? `<td>${F.percent(model.positives[c] / model.n[c])}</td><td>${F.whole(model.n[c])}</td>`
        : "";
      const here = c === number ? ' class="ec-here"' : "";
      return `<tr data-case="${c}"${here}><th scope="row"><button type="button">${F.safe(title(model, c))}</button></th><td>${F.percent(model.scores[c])}</td>${seen}</tr>`;
    });
    return `<h3>${heading}</h3><table class="ec-table"><thead><tr><th scope="col">${model.words.has_heading}</th><th scope="col">Predicted</th>${counted}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
  }

  window.everycase.side = { blocked, cell, examples, highest, legend };
})();
