/* The filters of a page on a screen too narrow for them in one line: a button with what is chosen
 * (webapp/components/long_page.py) opens them. On a phone they come as a sheet over the page: nothing
 * else can be reached meanwhile, and its foot says what the page finds with what is chosen.
 *
 * Offers everycase.filterLine: refresh. */
(() => {
  "use strict";

  const { closest } = window.everycase.page;
  const OPEN = "ec-filters-open"; // of the document, since the page is drawn anew with each choice
  const phone = matchMedia("(max-width: 640px)");

  /** The control that was used last, as a selector. */
  let focused = "";

  const isOpen = () => document.documentElement.classList.contains(OPEN);

  /** @param {string} selector @returns {HTMLElement | null} */
  const find = (selector) => document.querySelector(selector);

  /** All beside an element up to the body, but what the controls open: lists and calendars. */
  function* surroundings(/** @type {Element} */ element) {
    for (let inner = element; inner.parentElement && inner !== document.body; ) {
      const outer = inner.parentElement;
      for (const other of outer.children)
        if (other !== inner && !other.matches("script, [data-portal], [role=status]")) yield other;
      inner = outer;
    }
  }

  /** Have the sheet be a dialog, or no longer. @param {HTMLElement} sheet @param {boolean} isDialog */
  function setDialog(sheet, isDialog) {
    for (const other of document.querySelectorAll("[data-beside-sheet]")) {
      other.removeAttribute("data-beside-sheet");
      other.removeAttribute("inert");
    }
    for (const name of ["role", "aria-modal", "aria-label"]) sheet.removeAttribute(name);
    if (!isDialog) return;
    sheet.setAttribute("role", "dialog");
    sheet.setAttribute("aria-modal", "true");
    sheet.setAttribute("aria-label", "Filters");
    for (const other of surroundings(sheet)) {
      if (other.hasAttribute("inert")) continue;
      other.setAttribute("data-beside-sheet", "");
      other.setAttribute("inert", "");
    }
  }

  /** A control in the line as a selector, which finds it when the page was drawn anew. */
  function noteFocus(/** @type {FocusEvent} */ event) {
    const control = event.target;
    focused = "";
    if (!(control instanceof HTMLElement) || !control.closest(".ec-filter-line")) return;
    const named = control.closest("[id]:not([id^=mantine])");
    if (!named) return;
    const value = control.getAttribute("value");
    focused = `#${named.id}`;
    if (named !== control)
      focused += value ? ` [value="${CSS.escape(value)}"]` : ` ${control.localName}`;
  }

  /** The verdict and what was found, or why there is none. */
  function verdictText() {
    const text = find(".ec-headline .ec-finding, .ec-empty h2")?.textContent ?? "";
    const verdict = find(
      ".ec-headline .ec-verdict .ec-term, .ec-headline .ec-verdict",
    )?.textContent;
    return !verdict || text.startsWith(verdict) ? text : `${verdict}: ${text}`;
  }

  /** Say on the button whether the filters are open; once the page is drawn. */
  function refresh() {
    const [button, sheet] = [find("[data-filters]"), find(".ec-sheet")];
    button?.setAttribute("aria-expanded", String(isOpen()));
    if (!sheet) return;
    const isDialog = isOpen() && phone.matches;
    setDialog(sheet, isDialog);
    const verdict = find(".ec-sheet-verdict");
    if (verdict) verdict.textContent = verdictText();
    if (document.activeElement !== document.body) return;
    const control = focused ? find(focused) : null;
    if (control) control.focus({ preventScroll: true });
    else if (isDialog) sheet.focus();
  }

  /** @param {boolean} willOpen */
  function set(willOpen) {
    document.documentElement.classList.toggle(OPEN, willOpen);
    refresh();
    const goal = willOpen && phone.matches ? ".ec-sheet" : "[data-filters]";
    find(goal)?.focus();
  }

  document.addEventListener("focusin", noteFocus);
  document.addEventListener("click", (event) => {
    if (closest(event, "[data-filters]")) set(!isOpen());
    else if (
      closest(event, ".ec-sheet-done") ||
      (isOpen() && event.target === find(".ec-filter-line"))
    )
      set(false);
  });

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !isOpen() || !phone.matches) return;
      if (!find(".ec-sheet [data-expanded=true], [data-portal] [role=dialog]")) set(false);
    },
    true, // before a list or a calendar closes, which comes first
  );

  window.addEventListener("popstate", () => {
    if (isOpen() && phone.matches) set(false); // a phone's way back closes what lies over the page
  });
  phone.addEventListener("change", refresh);

  window.everycase.filterLine = { refresh };
})();
