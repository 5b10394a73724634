/* A name for the file input of "Score a file": dcc.Upload makes it when its script has arrived and
 * gives it none, and screen readers need one. Offers nothing. */
(() => {
  "use strict";

  new MutationObserver(() => {
    const input = document.querySelector("#score-upload input[type=file]:not([aria-label])");
    input?.setAttribute("aria-label", "File to score");
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
