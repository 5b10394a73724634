/* Sections that fold (webapp/components/long_page.py). Which ones are open is in the address, as
 * ?open=why,inputs; a section that is opened draws what it has, and printing opens all.
 *
 * Offers everycase.folds: keep, onOpen, open. */
(() => {
  "use strict";

  const { page, print } = window.everycase;
  const { closest } = page;
  const NAME = "open";
  /** What to call when a section was opened. @type {(() => void)[]} */
  const callbacks = [];
  /** What printing has opened. @type {HTMLDetailsElement[]} */
  let opened = [];

  /** @returns {HTMLDetailsElement[]} */
  const folds = () => [...document.querySelectorAll("details[data-fold]")].map(asDetails);

  /** @param {Element} element */
  const asDetails = (element) => /** @type {HTMLDetailsElement} */ (element);

  /** What the address says of the open sections; null where they are those of a link without. */
  function chosen() {
    const keys = folds().flatMap((fold) => (fold.open ? [fold.dataset.fold] : []));
    /** @type {HTMLElement | null} */
    const contents = document.querySelector(".ec-contents");
    if (keys.join() === contents?.dataset.default) return null;
    return keys.join() || "none";
  }

  /** Put the open sections into a query. @param {URLSearchParams} query */
  function keep(query) {
    if (!folds().length) return;
    const value = chosen();
    if (value === null) query.delete(NAME);
    else query.set(NAME, value);
  }

  function noteInAddress() {
    const query = new URLSearchParams(location.search);
    keep(query);
    const text = query.toString().replace(/%2C/g, ",");
    const address = location.pathname + (text ? `?${text}` : "") + location.hash;
    if (address !== location.pathname + location.search + location.hash)
      history.replaceState(history.state, "", address);
  }

  function nameButton() {
    const button = document.querySelector("[data-fold-all]");
    if (button) button.textContent = folds().every((fold) => fold.open) ? "Close all" : "Open all";
  }

  /** Open or close all. */
  function switchAll() {
    const all = folds();
    const isOpen = !all.every((fold) => fold.open);
    for (const fold of all) fold.open = isOpen;
  }

  /** Open a section by its name, if it is one that folds. @param {string} key */
  function open(key) {
    const fold = folds().find((one) => one.dataset.fold === key);
    if (fold) fold.open = true;
  }

  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (!(target instanceof HTMLDetailsElement) || !target.dataset.fold) return;
      if (!target.isConnected || opened.length) return;
      noteInAddress();
      nameButton();
      if (target.open) for (const callback of callbacks) callback();
    },
    true, // the event doesn't bubble
  );
  document.addEventListener("click", (event) => {
    if (closest(event, "[data-fold-all]")) switchAll();
  });
  // A link to this page with another choice was made before sections were opened: it keeps them.
  document.addEventListener(
    "click",
    (event) => {
      const link = closest(event, "a[data-inside]");
      if (!(link instanceof HTMLAnchorElement) || link.pathname !== location.pathname) return;
      const query = new URLSearchParams(link.search);
      keep(query);
      link.search = query.toString();
    },
    true, // before the click is followed
  );
  /** Paper has all of it. */
  function unfold() {
    /** @type {NodeListOf<HTMLDetailsElement>} */
    const closed = document.querySelectorAll("main details:not([open])");
    opened = [...closed];
    for (const fold of opened) fold.open = true;
    for (const callback of callbacks) callback();
  }

  function refold() {
    for (const fold of opened) fold.open = false;
    setTimeout(() => {
      opened = []; // after the events of both changes
    });
  }

  print.on((isPrinting) => (isPrinting ? unfold() : refold()));

  window.everycase.folds = { keep, onOpen: (callback) => callbacks.push(callback), open };
})();
