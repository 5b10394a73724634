/* Sentences over the page, each with at most one thing to do: for a while, or until they are hidden.
 *
 * Offers everycase.toast: hide, show. A toast with the key of another takes its place. */
(() => {
  "use strict";

  const SHOWN = 10000; // ms
  /** @type {Map<string, number>} */
  const timers = new Map();

  /** Screen readers read out what is put into it. */
  function host() {
    const existing = document.getElementById("ec-toasts");
    if (existing) return existing;
    const place = document.createElement("div");
    place.id = "ec-toasts";
    place.setAttribute("role", "status");
    document.body.append(place);
    return place;
  }

  /** @param {string} key */
  const find = (key) => document.querySelector(`[data-toast="${key}"]`);

  /** @param {string} key @returns {boolean} true if it was there */
  function hide(key) {
    clearTimeout(timers.get(key));
    const toast = find(key);
    toast?.remove();
    return Boolean(toast);
  }

  /** @param {string} key @param {Everycase.ToastAction} action */
  function actionOf(key, { text, href, run }) {
    const element = document.createElement(href ? "a" : "button");
    element.textContent = text;
    element.className = "ec-toast-action";
    if (href) element.setAttribute("href", href);
    else element.setAttribute("type", "button");
    element.addEventListener("click", () => {
      if (run) hide(key);
      run?.();
    });
    return element;
  }

  /** @param {string} key */
  function closeButton(key) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ec-toast-close";
    button.textContent = "×";
    button.setAttribute("aria-label", "Close");
    button.addEventListener("click", () => hide(key));
    return button;
  }

  /**
   * @param {string} key @param {string} text
   * @param {{action?: Everycase.ToastAction, lasts?: boolean, time?: number}} [options]
   */
  function show(key, text, { action, lasts = false, time = SHOWN } = {}) {
    hide(key);
    const toast = document.createElement("div");
    toast.className = "ec-toast";
    toast.dataset.toast = key;
    const sentence = document.createElement("p");
    sentence.textContent = text;
    toast.append(sentence, ...(action ? [actionOf(key, action)] : []), closeButton(key));
    host().append(toast);
    if (!lasts)
      timers.set(
        key,
        setTimeout(() => hide(key), time),
      );
  }

  window.everycase.toast = { hide, show };
})();
