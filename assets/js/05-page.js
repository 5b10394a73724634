/* What every script needs of the page it runs in: elements, Dash's properties, the colour scheme.
 *
 * Offers everycase.page: byId, closest, fill, isOpen, markBusy, markChampion, onSchemeChange,
 * ready, setProps, settle.
 * It comes first, so it also makes the two namespaces that the other files add to. */
(() => {
  "use strict";

  window.everycase ??= /** @type {Everycase.Namespace} */ ({});
  window.dash_clientside ??= /** @type {Everycase.DashClientside} */ ({});

  /** @param {string} id */
  const byId = (id) => document.getElementById(id);

  /** Change properties of a Dash component. @param {string} id @param {object} props */
  function setProps(id, props) {
    window.dash_clientside.set_props(id, props);
  }

  /** Put HTML into an element, if it is there. @param {string} id @param {string} html */
  function fill(id, html) {
    const element = byId(id);
    if (element) element.innerHTML = html;
  }

  /**
   * The nearest element around an event's target that matches, or null.
   * @param {Event} event @param {string} selector @returns {HTMLElement | null}
   */
  function closest(event, selector) {
    return event.target instanceof Element ? event.target.closest(selector) : null;
  }

  /** True if the page of that name is open. @param {string} name */
  function isOpen(name) {
    return Boolean(document.querySelector(`[data-page="${name}"]`));
  }

  /**
   * Show on a button or link that what it does takes time. @param {Element | null} element
   * @param {boolean} [isBusy]
   */
  function markBusy(element, isBusy = true) {
    if (isBusy) element?.setAttribute("aria-busy", "true");
    else element?.removeAttribute("aria-busy");
  }

  /** The page has drawn itself: the first paint goes. */
  function ready() {
    document.documentElement.dataset.ready = "1";
    byId("first-paint")?.remove();
  }

  /** All is there that paper has: the browser may take the page for loaded. */
  function settle() {
    byId("ec-hold")?.remove();
  }

  /** Show or hide the champion's badge beside the picker. @param {boolean} isChampion */
  function markChampion(isChampion) {
    byId("picker-champion")?.classList.toggle("ec-shown", isChampion);
  }

  /** Call back whenever light changes to dark or back, on the screen. @param {() => void} redraw */
  function onSchemeChange(redraw) {
    new MutationObserver(() => {
      if (!window.everycase.print.isOn()) redraw();
    }).observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });
  }

  window.everycase.page = {
    byId,
    closest,
    fill,
    isOpen,
    markBusy,
    markChampion,
    onSchemeChange,
    ready,
    setProps,
    settle,
  };
})();
