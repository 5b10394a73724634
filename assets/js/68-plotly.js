/* Loads Plotly (the part of it that draws what we draw) when a chart first needs it.
 *
 * Offers everycase.plotly: load. */
(() => {
  "use strict";

  const { requests } = window.everycase;
  const { closest } = window.everycase.page;
  const WITH_CHARTS = ["/compare", "/drift", "/models"];
  /** @type {Promise<Everycase.Plotly> | null} */
  let loading = null;

  /** Plotly, loaded at the first call. Rejects if it can't be; the next call tries again. */
  function load() {
    if (window.Plotly) return Promise.resolve(window.Plotly);
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.documentElement.dataset.plotly ?? "";
      script.onload = () => resolve(/** @type {Everycase.Plotly} */ (window.Plotly));
      script.onerror = () => {
        loading = null;
        reject(new Error("the charts' script did not load"));
      };
      document.head.appendChild(script);
    });
    return loading;
  }

  /** Somebody is about to open a page with charts. @param {Event} event */
  function anticipate(event) {
    const link = closest(event, "a[href]");
    if (!(link instanceof HTMLAnchorElement)) return;
    if (WITH_CHARTS.includes(new URL(link.href).pathname)) load().catch(() => {});
  }

  /** Fetched when the page is there, run when a chart wants it: both take as long as all else. */
  function prefetch() {
    const hint = { rel: "prefetch", href: document.documentElement.dataset.plotly };
    document.head.appendChild(Object.assign(document.createElement("link"), hint));
  }

  let isFetched = false;
  requests?.onArrival((path) => {
    if (isFetched || window.Plotly || loading || !WITH_CHARTS.includes(path)) return;
    isFetched = true;
    prefetch();
  });
  for (const kind of ["pointerover", "focusin", "click"]) {
    document.addEventListener(kind, anticipate);
  }

  window.everycase.plotly = { load };
})();
