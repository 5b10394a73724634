/* Loads Plotly (the part of it that draws what we draw) when a chart first needs it.
 *
 * Offers everycase.plotly: demand, load. */
(() => {
  "use strict";

  const { requests } = window.everycase;
  const { closest } = window.everycase.page;
  const address = () => document.documentElement.dataset.plotly ?? "";
  const WITH_CHARTS = ["/compare", "/drift", "/models"];
  /** @type {Promise<Everycase.Plotly> | null} */
  let loading = null;

  /** Plotly, loaded at the first call. Rejects if it can't be; the next call tries again. */
  function load() {
    if (window.Plotly) return Promise.resolve(window.Plotly);
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address();
      script.onload = () => resolve(/** @type {Everycase.Plotly} */ (window.Plotly));
      script.onerror = () => {
        loading = null;
        reject(new Error("the charts' script did not load"));
      };
      document.head.appendChild(script);
    });
    return loading;
  }

  /** Plotly at once, as paper doesn't wait; undefined if it can't be had. */
  function demand() {
    if (window.Plotly) return window.Plotly;
    const request = new XMLHttpRequest();
    request.open("GET", address(), false);
    try {
      request.send();
    } catch {
      return undefined;
    }
    const text = request.status === 200 ? request.responseText : "";
    const script = Object.assign(document.createElement("script"), { text }); // allowed by its digest
    document.head.appendChild(script);
    return window.Plotly;
  }

  /** Somebody is about to open a page with charts. @param {Event} event */
  function anticipate(event) {
    const link = closest(event, "a[href]");
    if (!(link instanceof HTMLAnchorElement)) return;
    if (WITH_CHARTS.includes(new URL(link.href).pathname)) load().catch(() => {});
  }

  /** Fetched when the page is there, run when a chart wants it: both take as long as all else. */
  function prefetch() {
    const hint = { rel: "prefetch", href: address() };
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

  window.everycase.plotly = { demand, load };
})();
