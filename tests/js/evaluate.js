/* Evaluates calls for tests/unit/js, which compares the results with Python's.
 *
 * A line of standard input is ["module.function", [arguments, ...]], and is answered with a line:
 * the results, with typed arrays as plain ones. An argument {"set": [...]} becomes a Set. */
"use strict";

const { createInterface } = require("node:readline");
const { load } = require("./namespace.js");

const everycase = load("10-cases", "12-rates", "14-decisions", "20-format", "38-grid");

const argument = (value) => (value?.set ? new Set(value.set) : value);
const plain = (_key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);

createInterface({ input: process.stdin }).on("line", (line) => {
  const [name, calls] = JSON.parse(line);
  const [module, method] = name.split(".");
  const results = calls.map((values) => everycase[module][method](...values.map(argument)));
  process.stdout.write(`${JSON.stringify(results, plain)}\n`);
});
