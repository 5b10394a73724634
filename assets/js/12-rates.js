/* Rates of few or many outcomes: their intervals, and on which side of a threshold they lie.
 *
 * Offers everycase.rates: side, wilson. Twins of webapp/stats/rates.py and decisions.py. */
(() => {
  "use strict";

  const Z95 = 1.959963984540054; // two-sided 95 % point of the normal distribution
  const FEW = 50; // outcomes below which a share is tested exactly

  /**
   * A rate with its 95 % score interval (Wilson 1927): [rate, low, high].
   * @param {number} positives @param {number} n @returns {Everycase.Interval}
   */
  function wilson(positives, n) {
    const rate = positives / n;
    const scale = 1 + (Z95 * Z95) / n;
    const centre = (rate + (Z95 * Z95) / (2 * n)) / scale;
    const variance = (rate * (1 - rate)) / n + (Z95 * Z95) / (4 * n * n);
    const spread = (Z95 / scale) * Math.sqrt(variance);
    return [rate, Math.max(0, centre - spread), Math.min(1, centre + spread)];
  }

  /**
   * Probabilities of fewer than k positives, and of k at most, by the binomial distribution.
   * @param {number} k @param {number} n @param {number} rate below 1
   */
  function binomial(k, n, rate) {
    let chance = (1 - rate) ** n; // of no positive
    let [below, upTo] = [0, 0];
    for (let i = 0; i <= k; i += 1) {
      below = upTo;
      upTo += chance;
      chance *= (((n - i) / (i + 1)) * rate) / (1 - rate || 1e-300);
    }
    return [below, upTo];
  }

  /**
   * 1 if the share of positives is reliably above the threshold, -1 if below, 0 if neither.
   *
   * Each at 2.5 %: by the exact binomial test for few outcomes, by Wilson's interval for more.
   * @param {number} positives @param {number} n @param {number} threshold
   */
  function side(positives, n, threshold) {
    if (threshold >= 1) return positives === n ? 0 : -1;
    if (n >= FEW) {
      const [, low, high] = wilson(positives, n);
      return Number(low > threshold) - Number(high < threshold);
    }
    const [below, upTo] = binomial(positives, n, threshold);
    return Number(1 - below <= 0.025) - Number(upTo <= 0.025);
  }

  window.everycase.rates = { side, wilson };
})();
