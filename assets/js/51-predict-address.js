/* The address bar of the Predict page: it holds the case and the version, and back and forward
 * restore them without a request.
 *
 * Offers everycase.predictAddress: forget, write. */
(() => {
  "use strict";

  const { cases, page, predict } = window.everycase;
  const { state } = predict;
  const RESTORED = 3000; // ms that restoring a case and a version may take
  const path = location.pathname;
  /** The link that was sent, and what the server read in it: it takes more writings than this.
   * @type {{search: string, on: string[]} | null} */
  let sent = null; // it stays as it was until something changes
  /** What back or forward is restoring. @type {{search: string, until: number} | null} */
  let restoring = null;

  /** The query of what is on the page. @param {Everycase.Model} model */
  function search(model) {
    const opening = cases.caseOf(model.names, new Set(model.opening));
    if (state.number === opening && model.champion) return "";
    const on = cases.owned(model.names, state.number).map((n) => `${encodeURIComponent(n)}=1`);
    return `?${[...on, `version=${encodeURIComponent(model.version)}`].join("&")}`;
  }

  function write() {
    if (!state.model) return;
    const query = search(state.model);
    const { replace } = state;
    state.replace = false;
    if (restoring && performance.now() < restoring.until) {
      if (query === restoring.search) restoring = null;
      return;
    }
    if (!sent) {
      sent = { search: location.search, on: cases.owned(state.model.names, state.number) };
      return;
    }
    if (query === location.search) return;
    history[replace ? "replaceState" : "pushState"](null, "", location.pathname + query);
  }

  /** Nothing is restored after all: the address is that of what is on the page. */
  function forget() {
    restoring = null;
    write();
  }

  /** True if the page is there, and the address is still its own. */
  function onPage() {
    return Boolean(state.model) && page.isOpen("predict") && location.pathname === path;
  }

  /** The inputs that are on in an address of this page. @param {URLSearchParams} query @param {Everycase.Model} model */
  function named(query, model) {
    if (!location.search) return model.opening;
    return [...query].filter(([, value]) => value === "1").map(([name]) => name);
  }

  /** Bring the page to what the address bar holds. @param {Everycase.Model} model */
  function restore(model) {
    const query = new URLSearchParams(location.search);
    const champion = model.others.find((other) => other.champion);
    const version = query.get("version") || (champion ? champion.version : model.version);
    const on = sent?.search === location.search ? sent.on : named(query, model);
    restoring = { search: location.search, until: performance.now() + RESTORED };
    predict.jumpTo(cases.caseOf(model.names, new Set(on)));
    if (version !== model.version) predict.change(version, [...new Set(on)]);
    else write();
  }

  // Dash's router would ask the server for the whole page again; here nothing needs it.
  window.addEventListener(
    "popstate",
    (event) => {
      if (!state.model || !onPage()) return;
      event.stopImmediatePropagation();
      restore(state.model);
    },
    true,
  );
  window.addEventListener("_dashprivate_pushstate", () => {
    if (state.model && onPage()) restore(state.model);
  });

  window.everycase.predictAddress = { forget, write };
})();
