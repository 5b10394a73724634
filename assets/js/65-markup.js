/* Puts in what the server sent as a text of HTML (webapp/components/markup.py), and follows the
 * links within it without loading the page again.
 *
 * Offers everycase.visit. A change of the attribute is filled in before the next frame, so nothing
 * flickers. */
(() => {
  "use strict";

  const { closest } = window.everycase.page;

  /** @param {Node} node */
  function fill(node) {
    if (node instanceof HTMLElement && node.dataset.markup !== undefined)
      node.innerHTML = node.dataset.markup;
  }

  /** @param {Node} node */
  function fillWithin(node) {
    if (!(node instanceof Element)) return;
    fill(node);
    node.querySelectorAll("[data-markup]").forEach(fill);
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") fill(change.target);
      else change.addedNodes.forEach(fillWithin);
    }
  }).observe(document.documentElement, {
    subtree: true,
    childList: true,
    attributeFilter: ["data-markup"],
  });

  fillWithin(document.documentElement); // a report has it all before its scripts run

  /**
   * Go to an address of this app, drawn by Dash's router.
   * @param {string} address @param {boolean} [replace] the last step of the history
   */
  function visit(address, replace) {
    history[replace ? "replaceState" : "pushState"](null, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  document.addEventListener("click", (event) => {
    const link = closest(event, "a[data-inside]");
    if (!(link instanceof HTMLAnchorElement) || event.button) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (link.href === location.href) return; // it is there already: nothing would end the waiting
    document.documentElement.classList.add("ec-waiting");
    visit(link.href);
  });

  window.everycase.visit = visit;
})();
