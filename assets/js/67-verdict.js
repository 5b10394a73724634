/* Says the verdict of a page to screen readers: when the page has opened, and when it changes.
 *
 * Offers everycase.verdict: say.
 * A live region that comes into a page with its text is mute, and the page is drawn anew with each
 * choice: so one region stays, outside of it. */
(() => {
  "use strict";

  const place = document.createElement("div");
  place.id = "ec-said";
  place.className = "ec-sr";
  place.setAttribute("role", "status");
  document.body.appendChild(place);

  /** Say the headline (webapp/components/long_page.py), unless it is what was said last. */
  function say() {
    /** @type {HTMLElement | null} */
    const headline = document.querySelector("[data-said]");
    const text = headline?.dataset.said ?? "";
    if (place.textContent !== text) place.textContent = text;
  }

  window.everycase.verdict = { say };
})();
