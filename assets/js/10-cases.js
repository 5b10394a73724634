/* The arithmetic on score tables: case numbers, Gray code, flips, Shapley values.
 *
 * Offers everycase.cases. Pure functions, no DOM; each has its twin in Python (webapp/cases.py,
 * webapp/stats/), and tests hold the two together (tests/unit/js, tests/browser).
 * A case is a number whose bit i is 1 if feature i is on; a table has 2^d entries. */
(() => {
  "use strict";

  /** @param {string} text */
  function bytes(text) {
    const binary = atob(text);
    const view = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) view[i] = binary.charCodeAt(i);
    return view.buffer;
  }

  /** Decode base64 of little-endian float64. @param {string} text */
  function doubles(text) {
    return new Float64Array(bytes(text));
  }

  /** Decode base64 of little-endian int32. @param {string} text */
  function integers(text) {
    return new Int32Array(bytes(text));
  }

  /**
   * The case in which exactly these features are on; unknown names are ignored.
   * @param {string[]} names @param {Set<string>} on
   */
  function caseOf(names, on) {
    let number = 0;
    names.forEach((name, i) => {
      if (on.has(name)) number += 2 ** i;
    });
    return number;
  }

  /** The features that are on in a case. @param {string[]} names @param {number} number */
  function owned(names, number) {
    return names.filter((_, i) => (number >> i) & 1);
  }

  /** 0 or 1 of every feature. @param {string[]} names @param {number} number */
  function bits(names, number) {
    return names.map((_, i) => (number >> i) & 1);
  }

  /** The j-th Gray code: neighbours differ in one bit. @param {number} j */
  function gray(j) {
    return j ^ (j >> 1);
  }

  /** The place of a Gray code, the inverse of `gray`. @param {number} code */
  function ungray(code) {
    let j = code;
    for (let shift = 1; shift < 32; shift <<= 1) j ^= j >> shift;
    return j;
  }

  /**
   * Change of the score when feature i alone is flipped, for every i.
   * @param {Everycase.Numbers} scores @param {number} number
   */
  function flips(scores, number) {
    const features = Math.log2(scores.length);
    const changes = new Float64Array(features);
    for (let i = 0; i < features; i++) {
      changes[i] = scores[number ^ (1 << i)] - scores[number];
    }
    return changes;
  }

  /** @param {Everycase.Numbers} values */
  function sumOf(values) {
    let total = 0;
    for (let i = 0; i < values.length; i++) total += values[i];
    return total;
  }

  /** How many bits of a number are 1. @param {number} number */
  function bitCount(number) {
    let count = 0;
    for (let rest = number; rest; rest &= rest - 1) count++;
    return count;
  }

  /**
   * Mean score for every coalition of features that are as in the case explained. A feature
   * inside keeps the half of the table that agrees with the case and folds the weights over it;
   * one outside keeps both halves: 3^d multiplications instead of 4^d. `F` and `W` are read at
   * their offsets, so only the folded weights and one half of the result need room.
   * @param {Float64Array} F @param {number} f scores and where they begin
   * @param {Float64Array} W @param {number} w weights and where they begin
   * @param {number} size @param {Float64Array} out @param {number} o the result and where to
   * @param {Record<number, [Float64Array, Float64Array]>} room by half of the size
   */
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

  /** @param {number} n */
  function factorials(n) {
    const values = [1];
    for (let i = 1; i <= n; i++) values.push(values[i - 1] * i);
    return values;
  }

  /**
   * Mean scores of all coalitions of the features of a case, see `coalitions`.
   * @param {Everycase.Numbers} scores @param {Everycase.Numbers} weights @param {number} number
   */
  function coalitionMeans(scores, weights, number) {
    const size = scores.length;
    const total = sumOf(weights);
    const F = new Float64Array(size);
    const W = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      F[i] = scores[i ^ number]; // bit 0 now means: as in the case explained
      W[i] = weights[i ^ number] / total;
    }
    /** @type {Record<number, [Float64Array, Float64Array]>} */
    const room = {};
    for (let half = size >> 1; half > 1; half >>= 1) {
      room[half] = [new Float64Array(half), new Float64Array(half)];
    }
    const means = new Float64Array(size);
    coalitions(F, 0, W, 0, size, means, 0, room);
    return means;
  }

  /**
   * Exact interventional Shapley values of a case, and the average that they add up from.
   * @param {Everycase.Numbers} scores @param {Everycase.Numbers} weights @param {number} number
   */
  function shapley(scores, weights, number) {
    const features = Math.log2(scores.length);
    const means = coalitionMeans(scores, weights, number);
    const fact = factorials(features);
    const values = new Float64Array(features);
    for (let set = 0; set < means.length; set++) {
      const k = bitCount(set);
      for (let i = 0; i < features; i++) {
        if ((set >> i) & 1) continue;
        const share = (fact[k] * fact[features - 1 - k]) / fact[features];
        values[i] += share * (means[set | (1 << i)] - means[set]);
      }
    }
    return { average: means[0], values };
  }

  window.everycase.cases = {
    bitCount,
    bits,
    caseOf,
    doubles,
    flips,
    gray,
    integers,
    owned,
    shapley,
    sumOf,
    ungray,
  };
})();
