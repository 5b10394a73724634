/* Everycase in the browser, part 1: the arithmetic on score tables and counts.
 *
 * Pure functions in one namespace, no DOM. Each has its twin in Python (webapp/cases.py,
 * webapp/stats/), and a browser test holds the two together on every case of every version.
 * A case is a number whose bit i says whether feature i is on; a table has 2^d entries.
 */
(function () {
  "use strict";

  const Z95 = 1.959963984540054; // two-sided 95 % point of the normal distribution

  function bytes(text) {
    const binary = atob(text);
    const view = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) view[i] = binary.charCodeAt(i);
    return view.buffer;
  }

  /** base64 of little-endian float64 -> Float64Array */
  function doubles(text) {
    return new Float64Array(bytes(text));
  }

  /** base64 of little-endian int32 -> Int32Array */
  function integers(text) {
    return new Int32Array(bytes(text));
  }

  /** names of the features that are on -> case number; unknown names count for nothing */
  function caseOf(names, on) {
    let number = 0;
    names.forEach((name, i) => {
      if (on.has(name)) number += 2 ** i;
    });
    return number;
  }

  /** the features that are on in a case */
  function owned(names, number) {
    return names.filter((_, i) => (number >> i) & 1);
  }

  /** the j-th Gray code: neighbours differ in one bit */
  function gray(j) {
    return j ^ (j >> 1);
  }

  /** the place of a Gray code, the inverse of gray() */
  function ungray(code) {
    let j = code;
    for (let shift = 1; shift < 32; shift <<= 1) j ^= j >> shift;
    return j;
  }

  /** change of the score when feature i alone is flipped, for every i */
  function flips(scores, number) {
    const features = Math.log2(scores.length);
    const changes = new Float64Array(features);
    for (let i = 0; i < features; i++) {
      changes[i] = scores[number ^ (1 << i)] - scores[number];
    }
    return changes;
  }

  /** mean score over weighted cases */
  function average(scores, weights) {
    let sum = 0;
    let total = 0;
    for (let i = 0; i < scores.length; i++) {
      sum += scores[i] * weights[i];
      total += weights[i];
    }
    return sum / total;
  }

  function sumOf(values) {
    let total = 0;
    for (let i = 0; i < values.length; i++) total += values[i];
    return total;
  }

  /** a rate with its 95 % score interval (Wilson 1927): [rate, low, high] */
  function wilson(positives, n) {
    const rate = positives / n;
    const centre = (rate + (Z95 * Z95) / (2 * n)) / (1 + (Z95 * Z95) / n);
    const spread =
      (Z95 / (1 + (Z95 * Z95) / n)) *
      Math.sqrt((rate * (1 - rate)) / n + (Z95 * Z95) / (4 * n * n));
    return [rate, Math.max(0, centre - spread), Math.min(1, centre + spread)];
  }

  /* Mean score for every coalition of features that are as in the case explained. A feature
   * inside keeps the half of the table that agrees with the case and folds the weights over it;
   * one outside keeps both halves: 3^d multiplications instead of 4^d. `F` and `W` are read at
   * their offsets, so only the folded weights and one half of the result need room. */
  function coalitions(F, f, W, w, size, out, o, room) {
    if (size === 2) {
      out[o] = F[f] * W[w] + F[f + 1] * W[w + 1];
      out[o + 1] = F[f] * (W[w] + W[w + 1]);
      return;
    }
    const half = size >> 1;
    const [folded, other] = room[half];
    for (let i = 0; i < half; i++) folded[i] = W[w + i] + W[w + half + i];
    coalitions(F, f, folded, 0, half, out, o + half, room);
    coalitions(F, f, W, w, half, out, o, room);
    coalitions(F, f + half, W, w + half, half, other, 0, room);
    for (let i = 0; i < half; i++) out[o + i] += other[i];
  }

  function factorials(n) {
    const values = [1];
    for (let i = 1; i <= n; i++) values.push(values[i - 1] * i);
    return values;
  }

  function bitCount(number) {
    let count = 0;
    for (let rest = number; rest; rest &= rest - 1) count++;
    return count;
  }

  /** exact interventional Shapley values of a case: {average, values[d]} */
  function shapley(scores, weights, number) {
    const size = scores.length;
    const features = Math.log2(size);
    const total = sumOf(weights);
    const F = new Float64Array(size);
    const W = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      F[i] = scores[i ^ number]; // bit 0 now means: as in the case explained
      W[i] = weights[i ^ number] / total;
    }
    const room = {};
    for (let half = size >> 1; half > 1; half >>= 1) {
      room[half] = [new Float64Array(half), new Float64Array(half)];
    }
    const worth = new Float64Array(size);
    coalitions(F, 0, W, 0, size, worth, 0, room);
    const fact = factorials(features);
    const values = new Float64Array(features);
    for (let set = 0; set < size; set++) {
      const k = bitCount(set);
      for (let i = 0; i < features; i++) {
        if ((set >> i) & 1) continue;
        const share = (fact[k] * fact[features - 1 - k]) / fact[features];
        values[i] += share * (worth[set | (1 << i)] - worth[set]);
      }
    }
    return { average: worth[0], values };
  }

  window.everycase = window.everycase || {};
  window.everycase.cases = {
    average,
    bitCount,
    caseOf,
    doubles,
    flips,
    gray,
    integers,
    owned,
    shapley,
    sumOf,
    ungray,
    wilson,
  };
})();
