/* Everycase in the browser, part 7: what the server sent as a text of HTML (webapp/components/markup.py).

   A change of the attribute is filled in before the next frame, so nothing flickers. */
(function () {
  "use strict";

  function fill(host) {
    host.innerHTML = host.dataset.markup;
  }

  function within(node) {
    if (!node.querySelectorAll) return;
    if (node.dataset && "markup" in node.dataset) fill(node);
    node.querySelectorAll("[data-markup]").forEach(fill);
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") fill(change.target);
      else change.addedNodes.forEach(within);
    }
  }).observe(document.documentElement, {
    subtree: true,
    childList: true,
    attributeFilter: ["data-markup"],
  });

  within(document.documentElement); // a file has it all before its scripts run

  /** to an address of this app, drawn by Dash's router without loading the page anew */
  function visit(address, replace) {
    history[replace ? "replaceState" : "pushState"](null, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[data-inside]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    event.preventDefault();
    document.documentElement.classList.add("ec-waiting");
    visit(link.href);
  });

  window.everycase = window.everycase || {};
  window.everycase.visit = visit;
})();
