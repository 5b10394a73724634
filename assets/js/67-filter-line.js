/* The filters of a page on a screen too narrow for them in one line: a button with what is chosen
 * (webapp/components/long_page.py) opens them.
 *
 * Offers everycase.filterLine: refresh. */
(() => {
  "use strict";

  const { closest } = window.everycase.page;
  const OPEN = "ec-filters-open"; // of the document, since the page is drawn anew with each choice

  /** Say on the button whether the filters are open; once the page is drawn. */
  function refresh() {
    const isOpen = document.documentElement.classList.contains(OPEN);
    document.querySelector("[data-filters]")?.setAttribute("aria-expanded", String(isOpen));
  }

  document.addEventListener("click", (event) => {
    if (!closest(event, "[data-filters]")) return;
    document.documentElement.classList.toggle(OPEN);
    refresh();
  });

  window.everycase.filterLine = { refresh };
})();
