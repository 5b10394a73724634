/* Every version's answer to the case, beside the rate observed in training.
 *
 * Offers everycase.versions: draw, which returns HTML and keeps no state. */
(() => {
  "use strict";

  const { answer, svg } = window.everycase;
  const F = window.everycase.format;
  const ROW = 40;
  const TOP = 22;
  const OBSERVED = "observed in training";

  /** @param {Everycase.Model} model @param {number} number @param {number} width in CSS pixels */
  function draw(model, number, width) {
    const served = comparable(model);
    const observed = answer.observedRate(model, number);
    const scores = served.map((other) => other.scores[number]);
    const scale = svg.axis(Math.max(...scores, observed?.[2] ?? 0, model.n ? model.base : 0));
    const names = served.map((other) => other.version);
    const longest = Math.max(
      ...names.map((name) => name.length + 2),
      observed ? OBSERVED.length : 0,
    );
    const left = Math.min(width * 0.45, 22 + 6.3 * longest);
    const room = Math.floor((left - 22) / 6.3); // characters
    const x = (/** @type {number} */ v) => left + (v / scale.end) * (width - left - 62);
    const bottom = TOP + 4 + ROW * (served.length + (observed ? 1 : 0));
    const parts = [
      observed ? band(observed, x, bottom) : "",
      svg.gridlines(scale, x, TOP, bottom),
      model.n ? baseLine(model.base, x, bottom) : "",
      ...served.map((other, k) => versionRow(model, other, scores[k], k, x, left, room)),
      observed ? observedRow(observed, served.length, x, left, room) : "",
    ];
    const label = served.map((other, k) => `${other.version} ${F.percent(scores[k])}`).join("; ");
    return (
      svg.picture(width, bottom + 26, label, parts.join("")) +
      spread(model, names, scores, observed) +
      incomparable(model)
    );
  }

  /** The versions with the same inputs. @param {Everycase.Model} model */
  function comparable(model) {
    return model.others.flatMap((o) => (o.scores ? [{ ...o, scores: o.scores }] : []));
  }

  /** @param {Everycase.Interval} observed @param {(v: number) => number} x @param {number} bottom */
  function band([, low, high], x, bottom) {
    return svg.rect(x(low), TOP, x(high) - x(low), bottom - TOP, "ec-band");
  }

  /** @param {number} base @param {(v: number) => number} x @param {number} bottom */
  function baseLine(base, x, bottom) {
    const label = `base rate ${F.number(base)}`;
    return (
      svg.line(x(base), TOP, x(base), bottom, "ec-dash") +
      svg.text(Math.max(x(base), 34), 14, label, "ec-tick", "middle")
    );
  }

  /** What fits; the end of a version's name tells it from others. @param {string} name @param {number} room */
  function shorten(name, room) {
    if (name.length <= room) return name;
    const end = Math.ceil((room - 1) / 2);
    return `${name.slice(0, room - 1 - end)}…${name.slice(name.length - end)}`;
  }

  /** The middle of a row. @param {number} k */
  const middle = (k) => TOP + 4 + ROW * k + ROW / 2;

  /**
   * @param {Everycase.Model} model @param {Everycase.ServedVersion} other @param {number} score
   * @param {number} k row @param {(v: number) => number} x @param {number} left
   * @param {number} room for the name, in characters
   */
  function versionRow(model, other, score, k, x, left, room) {
    const y = middle(k);
    const here = other.version === model.version;
    const name = shorten((other.champion ? "★ " : "") + other.version, room);
    return (
      svg.text(left - 14, y + 4, name, here ? "ec-strong" : "ec-soft-text", "end") +
      `<circle cx="${x(score).toFixed(2)}" cy="${y}" r="${here ? 7 : 5.5}" class="${other.look} ${here ? "ec-version-dot" : "ec-version-ring"}"/>` +
      svg.text(x(score) + 13, y + 4, F.percent(score), here ? "ec-strong" : "")
    );
  }

  /**
   * @param {Everycase.Interval} observed @param {number} k row
   * @param {(v: number) => number} x @param {number} left @param {number} room in characters
   */
  function observedRow([rate, low, high], k, x, left, room) {
    const y = middle(k);
    return (
      svg.text(left - 14, y + 4, shorten(OBSERVED, room), "ec-italic", "end") +
      svg.line(x(low), y, x(high), y, "ec-whisker") +
      `<path d="M${x(rate)} ${y - 6}l6 6l-6 6l-6-6z" class="ec-diamond"/>` +
      svg.text(x(high) + 9, y + 4, F.percent(rate), "")
    );
  }

  /**
   * How far the versions are apart, and which agree with training.
   * @param {Everycase.Model} model @param {string[]} names @param {number[]} scores
   * @param {Everycase.Interval | null} observed
   */
  function spread(model, names, scores, observed) {
    if (names.length < 2) return '<p class="ec-said">No other version has the same inputs yet.</p>';
    const low = Math.min(...scores);
    const high = Math.max(...scores);
    const span = `The ${F.spell(names.length).toLowerCase()} versions span ${F.number(low)} to ${F.percent(high)}`;
    if (!observed) {
      const apart = Math.round((high - low) * 100);
      const gap = `${F.count(apart, "point", "points")} of disagreement`;
      return `<p class="ec-said">${span}: ${gap}${model.n ? ` where ${F.safe(model.version)} has no training data` : ""}.</p>`;
    }
    const [, from, to] = observed;
    const inside = names.filter((_, k) => scores[k] >= from && scores[k] <= to);
    const range = `<span class="ec-nowrap">(${F.number(from)}–${F.percent(to)})</span>`;
    return `<p class="ec-said">${span}. ${agreement(inside, names.length)} inside the observed interval ${range}.</p>`;
  }

  /** @param {string[]} inside names @param {number} all */
  function agreement(inside, all) {
    if (inside.length === 0) return "None of them is";
    if (inside.length === all) return "All of them are";
    if (inside.length === 1) return `Only ${F.safe(inside[0])} is`;
    return `${F.spell(inside.length)} of them are`;
  }

  /** @param {Everycase.Model} model */
  function incomparable(model) {
    const names = model.others.filter((other) => !other.scores).map((o) => F.safe(o.version));
    if (!names.length) return "";
    return `<p class="ec-said ec-soft">Other inputs or another class, so not comparable here: ${names.join(", ")}.</p>`;
  }

  window.everycase.versions = { draw };
})();
