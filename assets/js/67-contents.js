/* The contents of a long page (webapp/components/long_page.py): they mark the part that one is in,
 * and lead to the others.
 *
 * Offers everycase.contents: refresh. */
(() => {
  "use strict";

  const { byId, closest } = window.everycase.page;
  const { folds } = window.everycase;
  const MARGIN = 24; // CSS pixels under the line of contents in which a part already counts
  let isWaiting = false;
  /** The address whose hash was followed. */
  let followed = "";

  /** @returns {HTMLElement | null} */
  const line = () => document.querySelector(".ec-contents");

  /** @returns {HTMLAnchorElement[]} */
  function links() {
    return [...document.querySelectorAll(".ec-contents a")].map(
      (link) => /** @type {HTMLAnchorElement} */ (link),
    );
  }

  /** @param {HTMLAnchorElement} link */
  const partOf = (link) => byId(link.dataset.part ?? "");

  /* ---- where one is ---- */

  /** The last part that begins above the line; at the end of the page the last one. */
  function currentLink() {
    const all = links();
    const below = (line()?.getBoundingClientRect().bottom ?? 0) + MARGIN;
    const root = document.documentElement;
    const isAtEnd = scrollY > 0 && scrollY + innerHeight >= root.scrollHeight - 2;
    if (isAtEnd) return all.at(-1);
    return (
      all.findLast((link) => (partOf(link)?.getBoundingClientRect().top ?? below) < below) ?? all[0]
    );
  }

  function mark() {
    isWaiting = false;
    const current = currentLink();
    for (const link of links()) {
      if (link === current) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
    const list = current?.closest("ul");
    if (!current || !list) return;
    const { left, right } = current.getBoundingClientRect();
    const box = list.getBoundingClientRect();
    if (left < box.left || right > box.right) list.scrollLeft += left - box.left - MARGIN;
  }

  function markSoon() {
    if (isWaiting || !line()) return;
    isWaiting = true;
    requestAnimationFrame(mark);
  }

  /* ---- to another part ---- */

  /** Open a part, show it, and have the keyboard go on from there. @param {HTMLElement} part */
  function show(part) {
    folds.open(part.id);
    const head = part.querySelector("summary") ?? part;
    head.focus({ preventScroll: true });
    part.scrollIntoView({ block: "start" });
  }

  document.addEventListener("click", (event) => {
    const link = closest(event, "a[data-part]");
    if (!(link instanceof HTMLAnchorElement) || event.button || event.ctrlKey || event.metaKey)
      return;
    const part = partOf(link);
    if (!part) return;
    event.preventDefault();
    show(part);
  });
  for (const kind of ["scroll", "resize"]) {
    window.addEventListener(kind, markSoon, { passive: true });
  }
  folds.onOpen(markSoon);

  /** Once the page is drawn; what a link's hash names is shown once. */
  function refresh() {
    markSoon();
    const address = location.pathname + location.hash;
    if (!location.hash || address === followed) return;
    followed = address;
    const part = byId(location.hash.slice(1));
    if (part?.closest("main")) show(part);
  }

  window.everycase.contents = { refresh };
})();
