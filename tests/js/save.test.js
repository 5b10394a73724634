"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("./namespace.js");

const { save } = load("71-save");

test("a text that a spreadsheet would take for a formula is a text", () => {
  const rows = [["=1+1", "+x", "-x", "@SUM(A1)", "\tx", '=A("b")']];
  assert.equal(save.csv(rows), `'=1+1,'+x,'-x,'@SUM(A1),'\tx,"'=A(""b"")"\r\n`);
});

test("numbers stay numbers, also as texts", () => {
  assert.equal(save.csv([[-1, "-0.5", "+2", "1e-3", "G1", "", null]]), "-1,-0.5,+2,1e-3,G1,,\r\n");
});

/** A page with one chart, whose canvas notes what is written on it. */
function pageWithChart() {
  const written = [];
  const lines = [];
  const pen = {
    measureText: (text) => ({ width: text.length * 6 }),
    fillText: (text, x, y) => text && written.push([text, x, y]),
    scale() {},
    fillRect() {},
    drawImage: (...place) => {
      pen.picture = place.slice(1);
    },
    setLineDash: (dash) => lines.push(dash),
    beginPath() {},
    moveTo() {},
    lineTo() {},
    stroke() {},
  };
  const canvas = { getContext: () => pen, toDataURL: () => "data:image/png;base64,xx" };
  const link = { click() {} };
  const items = ["a_v1", "b_v1"].map((textContent) => ({ textContent, querySelector: () => null }));
  const list = { querySelectorAll: () => items };
  const card = { querySelector: (what) => (what === "h2, h3" ? { textContent: "ROC" } : list) };
  const host = { clientWidth: 400, clientHeight: 300, closest: () => card };
  const style = {
    borderTopStyle: "dashed",
    borderTopWidth: "2px",
    borderTopColor: "red",
    backgroundColor: "blue",
    getPropertyValue: () => "",
  };
  globalThis.getComputedStyle = () => style;
  globalThis.document = {
    createElement: (name) => (name === "a" ? link : canvas),
    documentElement: {},
  };
  globalThis.Image = class {
    async decode() {}
  };
  return { canvas, host, lines, link, pen, written };
}

test("a picture has title, what it is of, legend and axes around the chart", async () => {
  const { canvas, host, lines, link, pen, written } = pageWithChart();
  const meta = { about: "a_v1, 3–30 Nov 2026", x: "False positives", y: "True positives" };
  await save.framed("data:,", host, meta, "everycase-roc");
  const texts = written.map(([text]) => text);
  assert.deepEqual(texts, [
    "ROC",
    "a_v1, 3–30 Nov 2026",
    "a_v1",
    "b_v1",
    "↑ True positives",
    "False positives →",
  ]);
  const [left, top, width, height] = pen.picture;
  assert.deepEqual([left, width, height], [16, 400, 300]);
  const above = written.slice(0, 5).every(([, , y]) => y < top);
  assert.ok(above && written[5][2] > top + height, "nothing is written on the chart");
  assert.equal(canvas.width, 2 * (400 + 32));
  assert.ok(canvas.height >= 2 * written[5][2]);
  assert.deepEqual(lines, [
    [5, 3],
    [5, 3],
  ]);
  assert.equal(link.download, "everycase-roc.png");
});
