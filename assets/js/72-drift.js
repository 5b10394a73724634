/* Everycase in the browser, part 9: the Drift page.

   The address holds what is chosen. A control changes the address, and Dash's router draws the page
   anew; charts are drawn here, from what the server put into #drift-data. */
(function () {
  "use strict";

  const { address, figures, save } = window.everycase;
  const state = { data: null, asked: null };
  const STRIP = ["", "stable", "unsure", "bad"];
  const HEIGHT = { stable: 0.28, unsure: 0.55, bad: 1 };

  function onPage() {
    return Boolean(document.querySelector('[data-page="drift"]'));
  }

  function setProps(id, props) {
    window.dash_clientside.set_props(id, props);
  }

  /* ---- the address ---- */

  const DEFAULTS = {
    baseline: "training",
    days: "14",
    source: "all",
    every: "auto",
    margin: "0.03",
  };

  const put = (query, name, value) => address.put(query, name, value, DEFAULTS[name]);

  function navigate(baseline, days, dates, source, every, margin, data) {
    const triggered = address.triggered();
    if (!onPage() || !data || !triggered.length) return;
    const query = new URLSearchParams(location.search);
    for (const id of triggered) {
      if (id === "drift-days" && days && days !== data.preset)
        address.putDays(query, days, DEFAULTS.days);
      else if (id === "drift-dates" && dates && dates[0] && dates[1])
        address.putDates(query, dates);
      else if (id === "drift-baseline") put(query, "baseline", baseline);
      else if (id === "drift-source") put(query, "source", source);
      else if (id === "drift-every") put(query, "every", every);
      else if (id === "drift-margin") put(query, "margin", margin);
    }
    address.go(query);
  }

  function pick(version, data) {
    if (!onPage() || !data || !version || version === data.version) return;
    const query = new URLSearchParams(location.search);
    query.set("version", version);
    address.go(query);
  }

  /* ---- figures ---- */

  const jump = (event) =>
    state.data && address.openCase(event, state.data.names, state.data.version);

  /* ---- small multiples ---- */

  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const day = {
    format: (ms) => `${new Date(ms).getUTCDate()} ${MONTHS[new Date(ms).getUTCMonth()]}`,
  };
  const percent = (share) => `${(share * 100).toFixed(share < 0.095 ? 1 : 0)}\u00a0%`;

  function path(xs, ys) {
    return xs.map((x, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${ys[i].toFixed(1)}`).join("");
  }

  function smallChart(small, feature, width, top) {
    const [left, bottom, height, strip] = [30, 76, 106, 9];
    const first = Math.min(small.begins[0], small.days[0]);
    const last = Math.max(small.until, small.begins[small.begins.length - 1] + small.every);
    const x = (ms) => left + ((width - left - 2) * (ms - first)) / (last - first);
    const y = (share) => bottom - ((bottom - 6) * share) / top;
    const shown = small.begins.map((_, i) => i).filter((i) => small.n[i] > 0);
    const xs = shown.map((i) => x(small.begins[i] + small.every / 2));
    const line = path(
      xs,
      shown.map((i) => y(feature.rates[i])),
    );
    const band =
      shown.length > 1
        ? path(
            [...xs, ...xs.slice().reverse()],
            [
              ...shown.map((i) => y(feature.high[i])),
              ...shown
                .slice()
                .reverse()
                .map((i) => y(feature.low[i])),
            ],
          ) + "Z"
        : "";
    const grid = [0, 0.5, 1].map((part) => {
      const at = y(top * part);
      return `<line x1="${left}" x2="${width}" y1="${at}" y2="${at}" class="ec-sm-grid"/><text x="${left - 5}" y="${at + 4}" text-anchor="end">${Math.round(top * part * 100)}</text>`;
    });
    const low = y(Math.max(0, feature.baseline - small.margin));
    const high = y(Math.min(top, feature.baseline + small.margin));
    const each = Math.max(1, x(small.days[1] || small.until) - x(small.days[0]));
    const marks = feature.strip.map((verdict, i) => {
      const name = STRIP[verdict];
      if (!name) return "";
      const tall = strip * HEIGHT[name];
      return `<rect x="${x(small.days[i]).toFixed(1)}" width="${(each + 0.4).toFixed(1)}" y="${(height - 14 - tall).toFixed(1)}" height="${tall.toFixed(1)}" class="ec-sm-${name}"/>`;
    });
    const ends = [first, last].map(
      (ms, i) =>
        `<text x="${x(ms)}" y="${height - 2}" text-anchor="${i ? "end" : "start"}">${day.format(ms - (i ? 1 : 0))}</text>`,
    );
    return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">
      ${grid.join("")}
      <rect x="${x(small.since)}" width="${Math.max(1, x(small.until) - x(small.since))}" y="4" height="${bottom - 4}" class="ec-sm-window"/>
      <rect x="${left}" width="${width - left}" y="${high}" height="${low - high}" class="ec-sm-margin"/>
      <line x1="${left}" x2="${width}" y1="${y(feature.baseline)}" y2="${y(feature.baseline)}" class="ec-sm-baseline"/>
      <path d="${band}" class="ec-sm-band"/><path d="${line}" class="ec-sm-line"/>
      ${marks.join("")}${ends.join("")}</svg>`;
  }

  const WORD = {
    drifted: ["bad", "Drifted"],
    stable: ["good", "✓ Stable"],
    "cannot tell": ["unsure", "? Inconclusive"],
  };

  function drawSmall() {
    const host = document.getElementById("drift-small");
    const small = state.data && state.data.small;
    if (!host || !small) return;
    const highest = Math.max(
      ...small.features.map((f) =>
        Math.max(f.baseline, ...f.rates.filter((_, i) => small.n[i] > 0)),
      ),
    );
    const top = Math.min(1, Math.ceil((highest * 1.05) / 0.1) * 0.1) || 0.1;
    host.innerHTML = small.features
      .map((f) => {
        const [tone, word] = WORD[f.verdict];
        const arrow = f.verdict === "drifted" ? (f.window > f.baseline ? "▲ " : "▼ ") : "";
        return `<div class="ec-sm"><div class="ec-sm-head"><span><strong></strong> <span class="ec-soft">${percent(f.baseline)} →</span> ${percent(f.window)}</span><span class="ec-verdict ec-tone-${tone}">${arrow}${word}</span></div><div class="ec-sm-plot"></div></div>`;
      })
      .join("");
    const plots = [...host.querySelectorAll(".ec-sm-plot")];
    const width = Math.max(120, plots[0].clientWidth);
    plots.forEach((plot, i) => {
      plot.innerHTML = smallChart(small, small.features[i], width, top);
      plot.parentElement.querySelector("strong").textContent = small.features[i].name; // names are not ours
    });
  }

  /** the point under the pointer: when, how many, and the interval */
  function hover(event) {
    const plot = event.target.closest && event.target.closest(".ec-sm-plot");
    const old = document.getElementById("drift-tip");
    if (!plot || !state.data || !state.data.small) {
      if (old) old.remove();
      return;
    }
    const { small } = state.data;
    const feature = small.features[[...document.querySelectorAll(".ec-sm-plot")].indexOf(plot)];
    const box = plot.getBoundingClientRect();
    const share = (event.clientX - box.left - 30) / (box.width - 32);
    const first = Math.min(small.begins[0], small.days[0]);
    const last = Math.max(small.until, small.begins[small.begins.length - 1] + small.every);
    const at = first + share * (last - first);
    const i = small.begins.findIndex((begin) => at >= begin && at < begin + small.every);
    const tip =
      old ||
      document.body.appendChild(
        Object.assign(document.createElement("div"), { id: "drift-tip", className: "ec-tip" }),
      );
    if (i < 0 || !small.n[i]) {
      tip.remove();
      return;
    }
    tip.textContent = `${feature.name}, ${day.format(small.begins[i])}: ${percent(feature.rates[i])} [${percent(feature.low[i])}, ${percent(feature.high[i])}] of ${small.n[i].toLocaleString("en")} ${small.n[i] === 1 ? "event" : "events"}`;
    tip.style.left = `${Math.min(event.pageX + 12, document.documentElement.clientWidth - 270)}px`;
    tip.style.top = `${event.pageY + 14}px`;
  }

  /* ---- the page as a whole ---- */

  function draw(data) {
    const carried = state.data === null && state.asked === null ? pickerValue() : null;
    state.data = data;
    document.documentElement.classList.remove("ec-waiting");
    const query = new URLSearchParams(location.search);
    if (data && carried && carried !== data.version && !query.has("version")) {
      query.set("version", carried); // chosen on another page
      address.go(query, true);
    } else if (data && data.version) {
      setProps("version-picker", { value: data.version });
      const badge = document.getElementById("picker-champion");
      if (badge) badge.classList.toggle("ec-shown", Boolean(data.champion));
    }
    requestAnimationFrame(drawSmall);
    if (data && data.figures) figures.drawAll(data.figures, jump);
    return performance.now();
  }

  function pickerValue() {
    const input = document.getElementById("version-picker");
    return (input && input.value) || null;
  }

  function saveTable() {
    if (state.data && state.data.table)
      save.table(state.data.table, `everycase-drift-${state.data.version}`);
  }

  document.addEventListener("click", (event) => {
    if (event.target.id === "drift-csv") saveTable();
    if (event.target.id === "drift-link") window.everycase.copyText(location.href, event.target);
  });
  document.addEventListener("mousemove", (event) => onPage() && hover(event));
  window.addEventListener("resize", () => onPage() && requestAnimationFrame(drawSmall));
  window.addEventListener("_dashprivate_pushstate", () => {
    if (location.pathname !== "/drift") state.data = null;
  });
  new MutationObserver(() => {
    if (onPage() && state.data && state.data.figures) figures.drawAll(state.data.figures, jump);
  }).observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.everycaseDrift = { draw, navigate, pick };
})();
