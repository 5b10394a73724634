"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("./namespace.js");

const { cases, grid } = load("10-cases", "38-grid");
const NAMES = ["G1", "G2", "G3"];

test("bit i of a case is feature i", () => {
  assert.equal(cases.caseOf(NAMES, new Set(["G1", "G3"])), 5);
  assert.deepEqual(cases.owned(NAMES, 5), ["G1", "G3"]);
  assert.deepEqual(cases.bits(NAMES, 5), [1, 0, 1]);
  assert.equal(cases.bitCount(5), 2);
});

test("unknown names are ignored", () => {
  assert.equal(cases.caseOf(NAMES, new Set(["G9"])), 0);
});

test("neighbours in Gray code differ in one bit, and ungray is its inverse", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map(cases.gray), [0, 1, 3, 2, 6, 7, 5, 4]);
  for (let j = 0; j < 1024; j++) {
    assert.equal(cases.ungray(cases.gray(j)), j);
    assert.equal(cases.bitCount(cases.gray(j) ^ cases.gray(j + 1)), 1);
  }
});

test("a flip changes one feature alone", () => {
  assert.deepEqual([...cases.flips([0.25, 0.5, 0.75, 1], 0)], [0.25, 0.5]);
  assert.deepEqual([...cases.flips([0.25, 0.5, 0.75, 1], 3)], [-0.25, -0.5]);
});

test("tables are little-endian base64", () => {
  assert.deepEqual([...cases.doubles("AAAAAAAA4D8AAAAAAADwPw==")], [0.5, 1]);
  assert.deepEqual([...cases.integers("AQAAAP////8=")], [1, -1]);
});

test("Shapley values of a sum are its parts", () => {
  const scores = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => i / 8); // every bit adds its own weight
  const { average, values } = cases.shapley(scores, new Array(8).fill(1), 5);
  assert.equal(average, 3.5 / 8);
  assert.deepEqual([...values], [0.5 / 8, -1 / 8, 2 / 8]);
});

test("Shapley values split an interaction evenly", () => {
  const { average, values } = cases.shapley([0, 0, 0, 1], [1, 0, 0, 0], 3);
  assert.equal(average, 0);
  assert.deepEqual([...values], [0.5, 0.5]);
});

test("every case has a cell of the map, and a step to the next cell is one flip", () => {
  for (const features of [1, 2, 5, 10]) {
    const g = grid.layout(features, 800, 2);
    const cellsCases = new Set();
    for (let row = 0; row < g.rows; row++) {
      for (let column = 0; column < g.columns; column++) {
        const number = grid.caseAt(g, column, row);
        cellsCases.add(number);
        assert.deepEqual(grid.cellOf(g, number), [column, row]);
        const right = grid.caseAt(g, (column + 1) % g.columns, row);
        assert.equal(cases.bitCount(number ^ right), 1);
      }
    }
    assert.equal(cellsCases.size, 2 ** features);
  }
});

test("lanes mark where a feature is on", () => {
  assert.deepEqual(grid.runs(8, 0), [
    [1, 3],
    [5, 7],
  ]);
  assert.deepEqual(grid.runs(8, 2), [[4, 8]]);
});

test("a point is in a cell, on a lane or nowhere", () => {
  const g = grid.layout(4, 800, 1);
  const middle = (column, row) => [g.left + (column + 0.5) * g.cell, g.top + (row + 0.5) * g.cell];
  assert.deepEqual(grid.target(g, ...middle(2, 3)), { number: grid.caseAt(g, 2, 3) });
  assert.deepEqual(grid.target(g, g.left + 1, g.top - 8 - g.lane), { feature: 1 });
  assert.deepEqual(grid.target(g, g.left - 9, g.top + 1), { feature: 2 });
  assert.equal(grid.target(g, g.left + 1, g.height + 50), null);
});
