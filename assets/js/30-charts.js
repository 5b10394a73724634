/* Everycase in the browser, part 3: the drawings of the Predict page, except the map.
 * Each takes the model in the page and a case, and returns HTML; no function keeps state.
 * A model: {names, scores, n, positives, total, base, average, others, words, version}. */
(function () {
  "use strict";

  const { cases } = window.everycase;
  const F = window.everycase.format;

  /** what flipping each feature would do: HTML per feature name */
  function flipBars(model, changes) {
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

  /** "4.4× the base rate", in two lines */
  function relative(model, number) {
    if (!model.n) return "<span>No training counts came with this version.</span>";
    const times = model.base > 0 ? model.scores[number] / model.base : NaN;
    const factor = Number.isFinite(times)
      ? `<strong>${times < 9.95 ? times.toFixed(1) : F.whole(times)}×</strong> the base rate`
      : "<strong>Nobody</strong> in training was positive";
    return `<span>${factor}</span><span class="ec-soft">${F.percent(model.base)} in training</span>`;
  }

  function place(share) {
    return `left:${(Math.min(1, Math.max(0, share)) * 100).toFixed(2)}%`;
  }

  function legend(model, observed) {
    const parts = [`<span><i class="ec-key-dot"></i>${F.safe(model.version)}</span>`];
    if (model.others.some((o) => o.scores && o.version !== model.version)) {
      parts.push('<span><i class="ec-key-ring"></i>other versions</span>');
    }
    if (observed) parts.push('<span><i class="ec-key-band"></i>observed in training, 95 %</span>');
    if (model.n) parts.push('<span><i class="ec-key-dash"></i>base rate</span>');
    return `<div class="ec-legend">${parts.join("")}</div>`;
  }

  /** this version, the others, the base rate and what was observed, on one scale */
  function scale(model, number) {
    const score = model.scores[number];
    const observed = observedRate(model, number);
    let marks = `<i class="ec-scale-fill" style="width:${(score * 100).toFixed(2)}%"></i>`;
    if (observed) {
      const [rate, low, high] = observed;
      marks += `<i class="ec-scale-band" style="${place(low)};width:${((high - low) * 100).toFixed(2)}%"></i>`;
      marks += `<i class="ec-scale-rate" style="${place(rate)}"></i>`;
      const label = Math.min(0.86, Math.max(0.14, rate));
      marks += `<span class="ec-scale-observed" style="${place(label)}">observed</span>`;
    }
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

  function observedRate(model, number) {
    if (!model.n || model.n[number] === 0) return null;
    return cases.wilson(model.positives[number], model.n[number]);
  }

  /** how far training backs this case, in words */
  function support(model, number) {
    const w = model.words;
    if (!model.n) {
      return notice(
        "people",
        "Support is unknown: this version came without training counts (everycase/baseline.csv).",
      );
    }
    const n = model.n[number];
    if (n === 0) return notice("warning", neverSeen(model, number), "ec-warn");
    const [rate, low, high] = observedRate(model, number);
    const score = model.scores[number];
    const where = score < low ? "below" : score > high ? "above" : "within";
    return notice(
      "people",
      `<strong>${F.count(n, `training ${w.person}`, `training ${w.people}`)}</strong> had exactly these ${w.inputs}; ` +
        `<strong>${F.percent(rate)} ${w.were_positive}</strong> <span class="ec-nowrap">(${F.number(low)}–${F.percent(high)}).</span> ` +
        `<span class="ec-soft">The prediction lies ${where} that interval.</span>`,
    );
  }

  function neverSeen(model, number) {
    const w = model.words;
    let seen = 0;
    let rows = 0;
    model.names.forEach((_, i) => {
      const n = model.n[number ^ (1 << i)];
      if (n > 0) seen++;
      rows += n;
    });
    const near = model.names.length;
    return (
      `<strong>Never seen in training: no ${w.person} had exactly these ${w.inputs}, so this is extrapolation.</strong> ` +
      `<span class="ec-soft">Of the ${near === 1 ? "one" : F.spell(near).toLowerCase()} ${near === 1 ? w.person : w.people} one ${w.input} away, ` +
      `${F.whole(seen)} ${seen === 1 ? "was" : "were"} seen (${F.count(rows, `training ${w.person}`, `training ${w.people}`)} in all).</span>`
    );
  }

  function notice(symbol, html, kind) {
    return `<p class="ec-notice ${kind || ""}"><span class="ec-icon ec-icon-${symbol}" aria-hidden="true"></span><span>${html}</span></p>`;
  }

  /** Shapley values as a waterfall from the average to this case */
  function why(model, number, width) {
    if (!model.n) {
      return '<p class="ec-empty-note">Shapley values compare with the average of the training data, and this version came without its counts (everycase/baseline.csv).</p>';
    }
    const { average, values } = cases.shapley(model.scores, model.n, number);
    const order = [...values.keys()].sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
    const left = Math.min(
      150,
      Math.max(112, 62 + 7 * Math.max(...model.names.map((s) => s.length))),
    );
    let running = average;
    const reach = [average, model.scores[number]];
    for (const i of order) reach.push((running += values[i]));
    const scaleEnd = F.axis(Math.max(...reach));
    const x = (v) => left + (v / scaleEnd.end) * (width - left - 60);
    const row = 25.5;
    const bottom = 8 + row * (order.length + 2);
    let out = F.gridlines(scaleEnd, x, 4, bottom);
    out += waterRow(
      0,
      row,
      "Average " + model.words.person,
      x(0),
      x(average),
      "ec-bar-average",
      F.percent(average),
      left,
    );
    running = average;
    const said = [`Average ${F.percent(average)}`];
    order.forEach((i, k) => {
      const from = running;
      running += values[i];
      const on = (number >> i) & 1;
      const has = on ? model.words.has : model.words.lacks;
      const kind = values[i] < 0 ? "ec-lower" : "ec-higher";
      out += F.line(x(from), 8 + row * k + 20, x(from), 8 + row * (k + 1) + 4, "ec-step");
      out += waterStep(
        k + 1,
        row,
        model.names[i],
        has,
        on,
        x(from),
        x(running),
        kind,
        F.points(values[i]),
        left,
      );
      said.push(`${model.names[i]} ${has} ${F.points(values[i])} points`);
    });
    out += waterRow(
      order.length + 1,
      row,
      "This " + model.words.person,
      x(0),
      x(model.scores[number]),
      "ec-bar-this",
      F.percent(model.scores[number]),
      left,
      true,
    );
    said.push(`this ${model.words.person} ${F.percent(model.scores[number])}`);
    return F.svg(width, bottom + 26, said.join("; "), out);
  }

  function waterRow(k, row, label, from, to, kind, value, left, bold) {
    const y = 8 + row * k;
    return (
      F.text(left - 12, y + 17, label, bold ? "ec-strong" : "", "end") +
      F.rect(from, y + 4, to - from, 16, kind, 3) +
      F.text(to + 8, y + 17, value, "ec-strong")
    );
  }

  function waterStep(k, row, name, has, on, from, to, kind, value, left) {
    const y = 8 + row * k;
    const low = Math.min(from, to);
    const label =
      `<text x="${left - 12}" y="${y + 17}" text-anchor="end" class="${on ? "" : "ec-soft-text"}">` +
      `<tspan class="ec-strong">${F.safe(shorten(name))}</tspan><tspan dx="6">${has}</tspan></text>`;
    return (
      label +
      F.rect(low, y + 4, Math.max(1.5, Math.abs(to - from)), 16, kind, 3) +
      F.text(Math.max(from, to) + 8, y + 17, value, `${kind}-text`)
    );
  }

  function shorten(name) {
    return name.length > 10 ? name.slice(0, 9) + "…" : name;
  }

  /** every version's answer to this case, with what was observed */
  function versions(model, number, width) {
    const shown = model.others.filter((o) => o.scores);
    const apart = model.others.filter((o) => !o.scores);
    const observed = observedRate(model, number);
    const answers = shown.map((o) => o.scores[number]);
    const scaleEnd = F.axis(
      Math.max(...answers, observed ? observed[2] : 0, model.n ? model.base : 0),
    );
    const longest = Math.max(...shown.map((o) => o.version.length), 11);
    const left = Math.min(width * 0.45, 30 + 6.9 * longest);
    const x = (v) => left + (v / scaleEnd.end) * (width - left - 62);
    const row = 40;
    const bottom = 26 + row * (shown.length + (observed ? 1 : 0));
    let out = observed
      ? F.rect(x(observed[1]), 22, x(observed[2]) - x(observed[1]), bottom - 22, "ec-band")
      : "";
    out += F.gridlines(scaleEnd, x, 22, bottom);
    if (model.n) {
      out += F.line(x(model.base), 22, x(model.base), bottom, "ec-dash");
      out += F.text(
        Math.max(x(model.base), 34),
        14,
        `base rate ${F.number(model.base)}`,
        "ec-tick",
        "middle",
      );
    }
    shown.forEach((other, k) => (out += versionRow(model, other, number, k, row, x, left)));
    if (observed) out += observedRow(observed, shown.length, row, x, left);
    const said = shown.map((o) => `${o.version} ${F.percent(o.scores[number])}`).join("; ");
    return (
      F.svg(width, bottom + 26, said, out) +
      spread(model, shown, answers, observed) +
      different(apart)
    );
  }

  function versionRow(model, other, number, k, row, x, left) {
    const y = 26 + row * k + row / 2;
    const here = other.version === model.version;
    const at = x(other.scores[number]);
    const name = (other.champion ? "★ " : "") + other.version;
    return (
      F.text(left - 14, y + 4, name, here ? "ec-strong" : "ec-soft-text", "end") +
      `<circle cx="${at.toFixed(2)}" cy="${y}" r="${here ? 7 : 5.5}" class="${here ? "ec-dot" : "ec-ring"}"/>` +
      F.text(at + 13, y + 4, F.percent(other.scores[number]), here ? "ec-strong" : "")
    );
  }

  function observedRow([rate, low, high], k, row, x, left) {
    const y = 26 + row * k + row / 2;
    const at = x(rate);
    return (
      F.text(left - 14, y + 4, "observed in training", "ec-italic", "end") +
      F.line(x(low), y, x(high), y, "ec-whisker") +
      `<path d="M${at} ${y - 6}l6 6l-6 6l-6-6z" class="ec-diamond"/>` +
      F.text(x(high) + 9, y + 4, F.percent(rate), "")
    );
  }

  function spread(model, shown, answers, observed) {
    if (shown.length < 2)
      return '<p class="ec-said">No other version answers the same question yet.</p>';
    const low = Math.min(...answers);
    const high = Math.max(...answers);
    const span = `The ${F.spell(shown.length).toLowerCase()} versions span ${F.number(low)} to ${F.percent(high)}`;
    if (!observed) {
      const gap = `${((high - low) * 100).toFixed(0)} points of disagreement`;
      return `<p class="ec-said">${span}: ${gap}${model.n ? ` where ${F.safe(model.version)} has no training data` : ""}.</p>`;
    }
    const inside = shown.filter((_, k) => answers[k] >= observed[1] && answers[k] <= observed[2]);
    const range = `<span class="ec-nowrap">(${F.number(observed[1])}–${F.percent(observed[2])})</span>`;
    const who =
      inside.length === 0
        ? "None of them is"
        : inside.length === shown.length
          ? "All of them are"
          : inside.length === 1
            ? `Only ${F.safe(inside[0].version)} is`
            : `${F.spell(inside.length)} of them are`;
    return `<p class="ec-said">${span}. ${who} inside the observed interval ${range}.</p>`;
  }

  function different(apart) {
    if (!apart.length) return "";
    const names = apart.map((o) => F.safe(o.version)).join(", ");
    return `<p class="ec-said ec-soft">Asked other questions, so not comparable here: ${names}.</p>`;
  }

  window.everycase.charts = { flipBars, observedRate, relative, scale, support, versions, why };
})();
