/* Everycase in the browser: the file input of "Score a file".
 * dcc.Upload makes it when its script has arrived and gives it no name; screen readers need one. */
(function () {
  "use strict";

  new MutationObserver(() => {
    const input = document.querySelector("#score-upload input[type=file]:not([aria-label])");
    if (input) input.setAttribute("aria-label", "File to score");
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
