/* Draws the server's Plotly figures in the colours of the theme, those in sight first.
 *
 * Offers everycase.figures: drawAll, drawOpened.
 * The server sends colours as tokens ($accent, $accent/0.16); their values are CSS variables, so a
 * switch between light and dark needs no request. */
(() => {
  "use strict";

  const { page, plotly, print } = window.everycase;
  const PATIENCE = 1000; // ms
  const OVERDUE = 500; // ms after which a chart out of sight is drawn though there is more to do
  const REST = 100; // ms after a place has changed its size: it may go on changing
  const PAPER = 676; // CSS pixels of a card on A4 within margins of 10 mm

  /* ---- colours ---- */

  /** @param {string} name of a CSS variable */
  function variable(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  /** "#4263eb" and an alpha -> "rgba(…)" @param {string} colour @param {string} alpha */
  function withAlpha(colour, alpha) {
    const hex = colour.replace("#", "");
    const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
    const [r, g, b] = [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16));
    return `rgba(${r}, ${g}, ${b}, ${alpha})`;
  }

  /** The value of a token. @param {string} token @param {Map<string, string>} values read so far */
  function resolve(token, values) {
    const cached = values.get(token);
    if (cached !== undefined) return cached;
    const [name, alpha] = token.slice(1).split("/");
    let value = name.startsWith("diverging")
      ? variable("--ec-report-ramp").split(/\s+/)[Number(name.slice("diverging".length))]
      : variable(`--ec-${name}`);
    if (alpha) value = withAlpha(value, alpha);
    values.set(token, value);
    return value;
  }

  /**
   * A figure with the values of its tokens; anything else in it stays as it is.
   * @param {any} part @param {Map<string, string>} values @returns {any}
   */
  function themed(part, values) {
    if (typeof part === "string") return part.startsWith("$") ? resolve(part, values) : part;
    if (Array.isArray(part)) {
      const isNumeric = typeof part[0] === "number" && typeof part[part.length - 1] === "number";
      return isNumeric ? part : part.map((inner) => themed(inner, values)); // long lists of numbers stay
    }
    if (part && typeof part === "object") {
      return Object.fromEntries(
        Object.entries(part).map(([key, inner]) => [key, themed(inner, values)]),
      );
    }
    return part;
  }

  /* ---- charts: those in sight first, the others one by one while the thread is idle ---- */

  /** The places with a chart. @type {Set<Everycase.PlotlyHost>} */
  const drawn = new Set();
  /** A busy machine may have no idle moment for long. @param {() => void} next */
  const whenIdle = (next) =>
    window.requestIdleCallback
      ? window.requestIdleCallback(next, { timeout: OVERDUE })
      : setTimeout(next, 30);
  let round = 0;
  /** The last call's. @type {{figures: Record<string, Everycase.Figure>, onClick: Everycase.OnPlotlyClick}} */
  let latest = { figures: {}, onClick: () => {} };
  /** The places that show the last call's figures; closed sections don't. @type {Set<Element>} */
  let fresh = new Set();

  /** @param {Everycase.Plotly} Plotly @param {Everycase.PlotlyHost} host */
  function config(Plotly, host) {
    const save = {
      name: "png",
      title: "Save as PNG",
      icon: Plotly.Icons.camera,
      click: () => savePng(Plotly, host),
    };
    return {
      displaylogo: false,
      displayModeBar: "hover",
      modeBarButtons: [[save]],
    };
  }

  /** @param {Everycase.Plotly} Plotly @param {Everycase.PlotlyHost} host */
  async function savePng(Plotly, host) {
    const { clientWidth: width, clientHeight: height } = host;
    const address = await Plotly.toImage(host, { format: "png", width, height, scale: 2 });
    const { meta } = latest.figures[nameOf(host)].layout;
    window.everycase.save.framed(address, host, meta ?? {}, `everycase-${nameOf(host)}`);
  }

  /**
   * @param {Everycase.Plotly} Plotly @param {Everycase.PlotlyHost} host
   * @param {Map<string, string>} values of tokens @param {object} [size]
   */
  async function drawOne(Plotly, host, values, size = {}) {
    const { data, layout } = themed(latest.figures[nameOf(host)], values);
    Object.assign(layout, { width: host.clientWidth }, size);
    const isComplete = Plotly.react(host, data, layout, config(Plotly, host));
    if (!drawn.has(host)) host.on("plotly_click", latest.onClick);
    drawn.add(host);
    sizes.observe(host);
    fresh.add(host);
    await isComplete;
  }

  /* ---- sizes: of their places, whatever changes those ---- */

  let resting = 0; // the timer
  const sizes = new ResizeObserver(() => {
    clearTimeout(resting);
    resting = setTimeout(fit, REST);
  });

  /** Give charts the width of their places; a closed section has none, and paper its own. */
  function fit() {
    if (print.isOn()) return;
    for (const host of drawn) {
      const width = host.clientWidth;
      if (width && host._fullLayout && host._fullLayout.width !== width)
        window.Plotly?.relayout(host, { width });
    }
  }

  /** @param {HTMLElement} host */
  const nameOf = (host) => host.dataset.figure ?? "";

  /** True in a section that is closed, where nothing has a size. @param {Element} host */
  const isFolded = (host) => Boolean(host.closest("details:not([open])"));

  /** How far a place is out of sight, in CSS pixels. @param {Element} host */
  function distance(host) {
    const box = host.getBoundingClientRect();
    return Math.max(0, box.top - innerHeight, -box.bottom);
  }

  /** Free what was drawn on a page that is gone. */
  function purge() {
    for (const host of drawn) {
      if (host.isConnected) continue;
      window.Plotly?.purge(host);
      drawn.delete(host);
      sizes.unobserve(host);
    }
  }

  /**
   * Draw figures[name] in every place [data-figure=name]; a later call takes the place of this one.
   * @param {Record<string, Everycase.Figure>} figures @param {Everycase.OnPlotlyClick} [onClick]
   */
  async function drawAll(figures, onClick = () => {}) {
    latest = { figures, onClick };
    fresh = new Set();
    purge();
    page.settle();
    if (Object.keys(figures).length) setTimeout(() => whenIdle(loadUnasked), PATIENCE);
    await drawStale();
  }

  /** Somebody may print, which doesn't wait, before a section with a chart was ever open. */
  function loadUnasked() {
    plotly.load().catch(() => {});
  }

  /** The places that have a figure. */
  function places() {
    /** @type {NodeListOf<Everycase.PlotlyHost>} */
    const all = document.querySelectorAll("[data-figure]");
    return [...all].filter((host) => latest.figures[nameOf(host)]);
  }

  /** Those in sight first; a later call takes the place of this one. */
  async function drawStale() {
    const mine = ++round;
    const values = new Map();
    const order = places()
      .filter((host) => !fresh.has(host) && !isFolded(host))
      .map((host) => ({ host, far: distance(host) }))
      .sort((a, b) => a.far - b.far);
    try {
      for (const { host, far } of order) {
        if (far) await new Promise((next) => whenIdle(() => next(null)));
        const Plotly = await plotly.load();
        if (mine !== round) return;
        if (host.isConnected) await drawOne(Plotly, host, values);
      }
    } catch (error) {
      const reason = /** @type {Error} */ (error).message;
      for (const { host } of order)
        if (!drawn.has(host)) host.textContent = `No chart: ${reason}. Load the page again.`;
    }
  }

  /** Draw what a section that was opened shows. */
  function drawOpened() {
    if (!print.isOn()) drawStale();
  }

  /** Draw all for paper, in its colours and as wide as a card is there; its style scales the rest. */
  function drawForPaper() {
    round++; // what is still to be drawn for the screen waits
    const values = new Map();
    const all = places();
    const Plotly = all.length ? plotly.demand() : undefined;
    for (const host of all) {
      if (!Plotly) host.textContent = "No chart: its script did not load. Load the page again.";
      else drawOne(Plotly, host, values, { width: PAPER });
      for (const svg of host.querySelectorAll(".main-svg"))
        svg.setAttribute("viewBox", `0 0 ${PAPER} ${svg.getAttribute("height")}`);
    }
  }

  function drawForScreen() {
    for (const host of window.Plotly ? [] : places()) host.textContent = "";
    for (const svg of document.querySelectorAll("[data-figure] .main-svg"))
      svg.removeAttribute("viewBox");
    fresh = new Set();
    drawStale();
  }

  print.on((isPrinting) => (isPrinting ? drawForPaper() : drawForScreen()));

  window.everycase.figures = { drawAll, drawOpened };
})();
