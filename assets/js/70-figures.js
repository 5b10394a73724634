/* Everycase in the browser, part 8: Plotly figures in the colours of the theme.

   The server sends colours as tokens ($accent, $accent/0.16); their values are CSS variables, so a
   switch between light and dark needs no request. */
(function () {
  "use strict";

  const CONFIG_FONT = "--ec-font";

  function variable(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function withAlpha(colour, alpha) {
    const hex = colour.replace("#", "");
    const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
    const [r, g, b] = [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16));
    return `rgba(${r}, ${g}, ${b}, ${alpha})`;
  }

  /** "$accent/0.16" -> the colour; anything else stays as it is */
  function resolve(text, known) {
    if (known.has(text)) return known.get(text);
    const [name, alpha] = text.slice(1).split("/");
    let value;
    if (name === "font") value = variable(CONFIG_FONT);
    else if (name.startsWith("diverging"))
      value = variable("--ec-report-ramp").split(/\s+/)[Number(name.slice(9))];
    else value = variable(`--ec-${name}`);
    if (alpha) value = withAlpha(value, alpha);
    known.set(text, value);
    return value;
  }

  function themed(value, known = new Map()) {
    if (typeof value === "string") return value.startsWith("$") ? resolve(value, known) : value;
    if (Array.isArray(value)) {
      const plain = typeof value[0] === "number" && typeof value[value.length - 1] === "number";
      return plain ? value : value.map((inner) => themed(inner, known)); // long lists of numbers stay
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, themed(inner, known)]),
      );
    }
    return value;
  }

  /* ---- Plotly itself: the part of it that draws what we draw, when a chart first wants it ---- */

  const WITH_CHARTS = ["/compare", "/drift", "/models"];
  let loading = null;

  function load() {
    if (window.Plotly) return Promise.resolve(window.Plotly);
    loading =
      loading ||
      new Promise((done, fail) => {
        const script = document.createElement("script");
        script.src = document.documentElement.dataset.plotly;
        script.onload = () => done(window.Plotly);
        script.onerror = () => {
          loading = null; // the next chart tries again
          fail(new Error("the charts' script did not load"));
        };
        document.head.appendChild(script);
      });
    return loading;
  }

  function wanted(event) {
    const link = event.target.closest && event.target.closest("a[href]");
    if (link && WITH_CHARTS.includes(new URL(link.href).pathname)) load().catch(() => {});
  }

  if (WITH_CHARTS.includes(location.pathname)) {
    // Fetched now, run when a chart wants it: running it takes as long as drawing all else.
    const hint = { rel: "prefetch", href: document.documentElement.dataset.plotly };
    document.head.appendChild(Object.assign(document.createElement("link"), hint));
  }
  for (const name of ["pointerover", "focusin", "click"]) document.addEventListener(name, wanted);

  /* ---- charts: those in sight first, the others one by one while the thread is idle ---- */

  const drawn = new Set();
  const inTurn = window.requestIdleCallback || ((next) => setTimeout(next, 30));
  let round = 0;

  function config(name) {
    return {
      displaylogo: false,
      displayModeBar: "hover",
      modeBarButtons: [["toImage"]],
      toImageButtonOptions: { filename: `everycase-${name}`, scale: 2 },
      responsive: true,
    };
  }

  async function drawOne(host, figure, known, onClick) {
    const Plotly = await load();
    if (!host.isConnected) return;
    const { data, layout } = themed(figure, known);
    await Plotly.react(host, data, layout, config(host.dataset.figure));
    if (!drawn.has(host)) host.on("plotly_click", onClick);
    drawn.add(host);
  }

  function distance(host) {
    const box = host.getBoundingClientRect();
    return Math.max(0, box.top - innerHeight, -box.bottom);
  }

  /** every place [data-figure=name] gets figures[name]; a later call takes the place of this one */
  async function drawAll(figures, onClick = () => {}) {
    const mine = ++round;
    const known = new Map();
    for (const host of drawn) {
      if (host.isConnected) continue;
      window.Plotly.purge(host);
      drawn.delete(host);
    }
    const hosts = [...document.querySelectorAll("[data-figure]")].filter(
      (host) => figures[host.dataset.figure],
    );
    const order = hosts.map((host) => [distance(host), host]).sort((a, b) => a[0] - b[0]);
    try {
      for (const [far, host] of order) {
        if (far) await new Promise((next) => inTurn(next));
        if (mine !== round) return;
        await drawOne(host, figures[host.dataset.figure], known, onClick);
      }
    } catch (error) {
      for (const [, host] of order)
        if (!drawn.has(host)) host.textContent = `No chart: ${error.message}. Load the page again.`;
    }
  }

  window.everycase = window.everycase || {};
  window.everycase.figures = { themed, variable, drawAll };
})();
