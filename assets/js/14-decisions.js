/* The arithmetic of a threshold: who is picked, what that is worth, whose decision flips.
 *
 * Offers everycase.decisions. Pure functions, no DOM; twins of webapp/stats/decisions.py.
 * `counts` has three columns over all cases: events, labelled, positives. */
(() => {
  "use strict";

  const NONE = { events: 0, labelled: 0, positives: 0 };

  /** The sums over all cases. @param {Everycase.Counts} counts @returns {Everycase.Sums} */
  function totals({ events, labelled, positives }) {
    const add = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
    return { events: add(events), labelled: add(labelled), positives: add(positives) };
  }

  /**
   * The sums at and above each score that occurs, the highest score first.
   * @param {number[]} scores @param {Everycase.Counts} counts @returns {Everycase.ScoreSums[]}
   */
  function cumulate(scores, counts) {
    const order = scores.map((_, i) => i).filter((i) => counts.events[i]);
    order.sort((a, b) => scores[b] - scores[a]);
    const sum = { score: 1, ...NONE };
    /** @type {Everycase.ScoreSums[]} */
    const steps = [];
    order.forEach((i, at) => {
      sum.events += counts.events[i];
      sum.labelled += counts.labelled[i];
      sum.positives += counts.positives[i];
      sum.score = scores[i];
      if (at + 1 === order.length || scores[order[at + 1]] !== sum.score) steps.push({ ...sum });
    });
    return steps;
  }

  /**
   * The sums over the cases whose score is at least the threshold, from `cumulate`'s.
   * @param {Everycase.ScoreSums[]} steps @param {number} threshold @returns {Everycase.Sums}
   */
  function picked(steps, threshold) {
    let [low, high] = [0, steps.length]; // the first whose score is lower
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle].score >= threshold) low = middle + 1;
      else high = middle;
    }
    return low ? steps[low - 1] : NONE;
  }

  /**
   * Outcomes by decision and label.
   * @param {Everycase.Sums} selection what is picked @param {Everycase.Sums} all
   * @returns {Everycase.Confusion}
   */
  function confusion(selection, all) {
    const missed = all.positives - selection.positives;
    return {
      truePositives: selection.positives,
      falsePositives: selection.labelled - selection.positives,
      falseNegatives: missed,
      trueNegatives: all.labelled - selection.labelled - missed,
    };
  }

  /**
   * Value per 1,000 events, or the percentage picked where no outcome is known.
   * @param {Everycase.Sums} selection @param {Everycase.Sums} all
   * @param {number} gain of a positive that is picked @param {number} cost of a pick
   */
  function value(selection, all, gain, cost) {
    if (!all.labelled) return (100 * selection.events) / all.events;
    return (1000 * (gain * selection.positives - cost * selection.labelled)) / all.labelled;
  }

  /**
   * A version's value by threshold: [threshold, value], from picking nobody down to picking all.
   * @param {Everycase.ScoreSums[]} steps @param {Everycase.Sums} all
   * @param {number} gain @param {number} cost @returns {Everycase.Point[]}
   */
  function valueLine(steps, all, gain, cost) {
    return [
      [1, value(NONE, all, gain, cost)],
      ...steps.map(
        (sum) => /** @type {Everycase.Point} */ ([sum.score, value(sum, all, gain, cost)]),
      ),
      [0, value(steps[steps.length - 1] ?? NONE, all, gain, cost)],
    ];
  }

  /**
   * The cases on which two versions decide differently, the most frequent first.
   * @param {number[]} reference @param {number[]} challenger scores
   * @param {number[]} events @param {number} threshold @returns {Everycase.Flip[]}
   */
  function flips(reference, challenger, events, threshold) {
    /** @type {Everycase.Flip[]} */
    const cases = [];
    events.forEach((n, i) => {
      const now = challenger[i] >= threshold;
      if (n && reference[i] >= threshold !== now) cases.push({ i, n, now });
    });
    return cases.sort((a, b) => b.n - a.n);
  }

  window.everycase.decisions = { confusion, cumulate, flips, picked, totals, value, valueLine };
})();
