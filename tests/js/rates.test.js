"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("./namespace.js");

const { rates } = load("12-rates");

/** Equal to nine decimals. */
function near(actual, expected) {
  assert.deepEqual(
    actual.map((value) => value.toFixed(9)),
    expected.map((value) => value.toFixed(9)),
  );
}

test("Wilson's interval", () => {
  // statsmodels.stats.proportion.proportion_confint(…, method="wilson")
  near(rates.wilson(10, 50), [0.2, 0.11243750015776, 0.33037105932225]);
  near(rates.wilson(81, 263), [81 / 263, 0.25528851987827, 0.3662095769828]);
});

test("an interval stays within 0 and 1", () => {
  const [none, , high] = rates.wilson(0, 3);
  const [all, low, top] = rates.wilson(3, 3);
  assert.deepEqual([none, all, top], [0, 1, 1]);
  assert.ok(high < 1 && low > 0);
  assert.equal((high + low).toFixed(12), "1.000000000000");
});

test("one positive of one is no evidence, five of five are", () => {
  assert.equal(rates.side(1, 1, 0.2), 0);
  assert.equal(rates.side(5, 5, 0.2), 1);
});

test("few outcomes are tested exactly, many by the interval", () => {
  assert.equal(rates.side(0, 17, 0.2), -1); // 0.8 ** 17 is 2.25 %
  assert.equal(rates.side(0, 16, 0.2), 0); // 0.8 ** 16 is 2.8 %
  assert.equal(rates.side(160, 400, 0.2), 1);
  assert.equal(rates.side(80, 400, 0.2), 0);
});

test("at a threshold of 1 only positives alone can reach it", () => {
  assert.equal(rates.side(7, 7, 1), 0);
  assert.equal(rates.side(6, 7, 1), -1);
});
