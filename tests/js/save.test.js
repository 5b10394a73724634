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
