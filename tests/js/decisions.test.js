"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("./namespace.js");

const { decisions } = load("14-decisions");
const COUNTS = { events: [10, 20, 0, 5], labelled: [8, 10, 0, 5], positives: [1, 4, 0, 5] };
const SCORES = [0.1, 0.4, 0.5, 0.4];
const ALL = decisions.totals(COUNTS);
const STEPS = decisions.cumulate(SCORES, COUNTS);

test("totals are over all cases", () => {
  assert.deepEqual(ALL, { events: 35, labelled: 23, positives: 10 });
});

test("equal scores are one step, and cases without events none", () => {
  assert.deepEqual(STEPS, [
    { score: 0.4, events: 25, labelled: 15, positives: 9 },
    { score: 0.1, events: 35, labelled: 23, positives: 10 },
  ]);
});

test("who reaches the threshold is picked", () => {
  const picks = [1, 0.41, 0.4, 0.1, 0].map((at) => decisions.picked(STEPS, at).events);
  assert.deepEqual(picks, [0, 0, 25, 35, 35]);
});

test("a confusion adds up to the outcomes", () => {
  assert.deepEqual(decisions.confusion(STEPS[0], ALL), {
    truePositives: 9,
    falsePositives: 6,
    falseNegatives: 1,
    trueNegatives: 7,
  });
});

test("value is per 1,000 events with an outcome", () => {
  assert.equal(decisions.value(STEPS[0], ALL, 8, 1), (1000 * (8 * 9 - 15)) / 23);
});

test("without outcomes it is the percentage picked", () => {
  const all = { events: 40, labelled: 0, positives: 0 };
  assert.equal(decisions.value({ events: 10, labelled: 0, positives: 0 }, all, 8, 1), 25);
});

test("a line begins with picking nobody and reaches the end of the scale", () => {
  const line = decisions.valueLine(STEPS, ALL, 8, 1);
  assert.deepEqual(
    line.map(([at]) => at),
    [1, 0.4, 0.1, 0],
  );
  assert.equal(line[0][1], 0);
  assert.equal(line[3][1], line[2][1]); // nobody has a lower score
});

test("decisions flip where one version alone reaches the threshold", () => {
  const other = [0.5, 0.1, 0.9, 0.1];
  assert.deepEqual(decisions.flips(SCORES, other, COUNTS.events, 0.3), [
    { i: 1, n: 20, now: false },
    { i: 0, n: 10, now: true },
    { i: 3, n: 5, now: false },
  ]);
  assert.deepEqual(decisions.flips(SCORES, SCORES, COUNTS.events, 0.3), []);
});
