/* Loads files of assets/js under Node, where there is no page: those that need none at load. */
"use strict";

const path = require("node:path");

/** The namespace with what these files offer. @param {string[]} names without the ending */
function load(...names) {
  globalThis.window = globalThis;
  for (const name of ["05-page", ...names]) {
    require(path.join(__dirname, "../../assets/js", `${name}.js`));
  }
  return globalThis.everycase;
}

module.exports = { load };
