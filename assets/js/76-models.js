/* The Models page: redrawing it with the focus where it was, its ledger, its figures.
 *
 * Offers everycase.models to 77-promotion.js and 78-jobs.js: again, announce, ask, focus, note,
 * onPage, selectorOf, state; and to Dash everycaseModels: draw.
 * Anyone may open the page. Changes go through /page/models, which refuses those without the right. */
(() => {
  "use strict";

  const { figures, page, server } = window.everycase;
  const { byId, closest, setProps } = page;
  const WAIT = 20000; // ms
  const SIGNED_OUT = "you are signed out: sign in again";
  const NARROW = "(max-width: 640px)";
  /** @type {Everycase.ModelsState} */
  const state = { data: null, message: "", focus: null };

  const onPage = () => location.pathname === "/models" && page.isOpen("models");

  /**
   * Change the address without redrawing the page: a dialog and a filter are states, too.
   * @param {Record<string, string | null | undefined>} changes
   */
  function note(changes) {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
  }

  /**
   * The server's answer. Throws an Error whose message is the reason.
   * @param {string} path @param {object} [body]
   */
  async function ask(path, body) {
    try {
      return await server.ask(path, WAIT, body);
    } catch (error) {
      if (/** @type {Error} */ (error).cause === 401) throw new Error(SIGNED_OUT);
      throw error;
    }
  }

  /** What has the focus, as a selector that finds it on the redrawn page. */
  function selectorOf() {
    const element = /** @type {HTMLElement} */ (document.activeElement);
    for (const name of ["promote", "start", "cancel", "ledger", "choose"]) {
      const value = element.dataset[name];
      if (value !== undefined) return `[data-${name}="${CSS.escape(value)}"]`;
    }
    return element.id ? `#${CSS.escape(element.id)}` : null;
  }

  /** @param {string | null} selector */
  function focus(selector) {
    /** @type {HTMLElement | null} */
    const element = selector === null ? null : document.querySelector(selector);
    element?.focus({ preventScroll: true });
  }

  /**
   * Redraw the page, with a message on it, and the focus where it was or where it is to be.
   * @param {string} message @param {string | null} [target] selector of what gets the focus
   */
  function again(message, target) {
    state.message = message;
    state.focus = target || selectorOf();
    setProps("shell-refresh", { data: performance.now() });
    setProps("_pages_location", { search: location.search }); // the router draws it, also the same
  }

  /** Show a message, which screen readers read out. @param {string} text */
  function announce(text) {
    const host = byId("models-said");
    if (host) host.textContent = text;
  }

  /* ---- the ledger ---- */

  /** All entries, or promotions alone. @param {HTMLElement} button */
  function filterLedger(button) {
    const card = byId("models-ledger-card");
    if (!card) return;
    card.classList.toggle("ec-only-promotions", button.dataset.ledger === "promotions");
    for (const other of card.querySelectorAll("[data-ledger]"))
      other.setAttribute("aria-pressed", String(other === button));
    note({ ledger: button.dataset.ledger });
  }

  document.addEventListener("click", (event) => {
    const button = onPage() ? closest(event, "[data-ledger]") : null;
    if (button) filterLedger(button);
  });

  /* ---- the page as a whole ---- */

  /** On a narrow screen with fewer days along the axis. */
  function drawFigures() {
    if (!state.data?.figures) return;
    const isNarrow = matchMedia(NARROW).matches;
    for (const { layout } of Object.values(state.data.figures))
      layout.xaxis.nticks = isNarrow ? 4 : 8;
    figures.drawAll(state.data.figures);
  }

  /** What a link of another page leads to, such as the button that retrains; only once. */
  function showLinked() {
    const part = location.hash && byId(location.hash.slice(1));
    if (!part) return;
    history.replaceState(history.state, "", location.pathname + location.search);
    part.scrollIntoView({ block: "center" });
    part.focus({ preventScroll: true });
  }

  /** @type {Everycase.ModelsCallbacks["draw"]} */
  function draw(data) {
    document.documentElement.classList.remove("ec-waiting");
    state.data = data;
    if (!data) return performance.now();
    window.everycase.promotion.reset(data.asked);
    if (data.champion) setProps("version-picker", { value: data.champion });
    page.markChampion(Boolean(data.champion));
    announce(state.message);
    if (state.focus) requestAnimationFrame(() => focus(state.focus));
    requestAnimationFrame(() => Object.assign(state, { message: "", focus: null }));
    window.everycase.jobs.watch(data.running);
    requestAnimationFrame(showLinked);
    drawFigures();
    return performance.now();
  }

  page.onSchemeChange(() => {
    if (onPage()) drawFigures();
  });

  window.dash_clientside.everycaseModels = { draw };
  window.everycase.models = { again, announce, ask, focus, note, onPage, selectorOf, state };
})();
