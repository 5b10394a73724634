/* Docs: a link to a heading leads there, though the text arrives after the page.
 *
 * Offers nothing. */
(() => {
  "use strict";

  const { byId } = window.everycase.page;
  /** The link that was followed last; from there on the reader scrolls. */
  let followed = "";

  new MutationObserver(() => {
    if (!location.hash || location.href === followed) return;
    if (!document.querySelector('[data-page="docs"]')) return;
    const heading = byId(decodeURIComponent(location.hash.slice(1)));
    if (!heading) return;
    followed = location.href;
    requestAnimationFrame(() => heading.scrollIntoView()); // once the page is laid out
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
