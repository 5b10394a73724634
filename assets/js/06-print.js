/* Paper is light, whatever the screen is. Printing doesn't wait: what is drawn for paper is drawn
 * at once, and afterwards the screen gets its own again.
 *
 * Offers everycase.print: isOn, on. */
(() => {
  "use strict";

  const SCHEME = "data-mantine-color-scheme";
  const root = document.documentElement;
  /** @type {((isPrinting: boolean) => void)[]} */
  const callbacks = [];
  /** The screen's scheme while a page is printed. @type {string | null} */
  let scheme = null;
  let isPrinting = false;

  /** @param {boolean} isBeginning */
  function change(isBeginning) {
    if (isPrinting === isBeginning) return;
    isPrinting = isBeginning;
    if (isBeginning) scheme = root.getAttribute(SCHEME);
    if (scheme) root.setAttribute(SCHEME, isBeginning ? "light" : scheme);
    for (const callback of callbacks) callback(isBeginning);
  }

  window.addEventListener("beforeprint", () => change(true));
  window.addEventListener("afterprint", () => change(false));

  window.everycase.print = {
    isOn: () => isPrinting,
    on: (callback) => callbacks.push(callback),
  };
})();
