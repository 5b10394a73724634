"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("./namespace.js");

const { format: F, save, svg } = load("20-format", "22-svg", "71-save");

test("a no-break space is before %, and the leading zero stays", () => {
  assert.equal(F.percent(0.4201), "42.0\u00a0%");
  assert.equal(F.percent(0.004), "0.4\u00a0%");
  assert.equal(F.percent(0.4251, 0), "43\u00a0%");
  assert.equal(F.number(0.4201), "42.0");
});

test("minus is U+2212", () => {
  assert.equal(F.points(-0.031), "\u22123.1");
  assert.equal(F.points(0.031), "+3.1");
  assert.equal(F.percent(-0.05), "\u22125.0\u00a0%");
  assert.equal(F.money(-12.4), "\u221212");
});

test("what rounds to nothing has no sign", () => {
  assert.equal(F.points(-0.0004), "0.0");
  assert.equal(F.points(0), "0.0");
  assert.equal(F.money(-0.4), "0");
});

test("small shares are short with a decimal, large ones without", () => {
  assert.equal(F.shortPercent(0.0834), "8.3\u00a0%");
  assert.equal(F.shortPercent(0.0949), "9.5\u00a0%");
  assert.equal(F.shortPercent(0.42), "42\u00a0%");
});

test("thousands have a comma, and one is singular", () => {
  assert.equal(F.whole(49123.4), "49,123");
  assert.equal(F.count(1, "player", "players"), "1 player");
  assert.equal(F.count(1200, "player", "players"), "1,200 players");
  assert.equal(F.count(0, "player", "players"), "0 players");
  assert.equal(F.spell(3), "Three");
  assert.equal(F.spell(11), "11");
});

test("a day is one of UTC", () => {
  assert.equal(F.day(Date.UTC(2025, 4, 2)), "2 May");
  assert.equal(F.day(Date.UTC(2025, 11, 31, 23, 59, 59)), "31 Dec");
});

test("text is safe in HTML", () => {
  assert.equal(F.safe(`<a b="c" d='e'>&`), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
});

test("an axis ends at a step above the highest share", () => {
  assert.deepEqual(svg.axis(0.42), { end: 0.5, step: 0.1 });
  assert.deepEqual(svg.axis(0.999), { end: 1, step: 0.2 });
  assert.deepEqual(svg.axis(0), { end: 0.02, step: 0.02 });
});

test("CSV quotes commas, quotes and line ends", () => {
  assert.equal(
    save.csv([
      ["a", 'say "x"', "1,2"],
      [null, undefined, 0.5],
    ]),
    'a,"say ""x""","1,2"\r\n,,0.5\r\n',
  );
});
