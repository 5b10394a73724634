/* Everycase in the browser, part 10: the Compare page.

   The address holds what is chosen, and Dash's router draws the page anew when it changes. The
   threshold, gain and cost move without a request: score tables and counts are here. */
(function () {
  "use strict";

  const { figures } = window.everycase;
  const state = { data: null, threshold: 0.2, gain: 8, cost: 1 };
  const LIMIT = 0.6; // thresholds beyond are hardly ever of use; a higher score widens it
  const MINUS = "\u2212";
  const NBSP = "\u00a0";

  const onPage = () => Boolean(document.querySelector('[data-page="compare"]'));
  const percent = (share, digits = 1) => `${(share * 100).toFixed(digits).replace("-", MINUS)}${NBSP}%`;
  const count = (n) => n.toLocaleString("en");
  const money = (value) => (Math.abs(value) < 0.5 ? "0" : value.toFixed(0).replace("-", MINUS));
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

  /* ---- the address ---- */

  function go(query, quietly) {
    const text = query.toString().replace(/%2C/g, ",");
    const wanted = location.pathname + (text ? `?${text}` : "");
    if (wanted === location.pathname + location.search) return;
    if (quietly) history.replaceState(null, "", wanted);
    else {
      document.documentElement.classList.add("ec-waiting");
      window.everycase.visit(wanted);
    }
  }

  function put(query, name, value, usual) {
    if (value === undefined || value === null || value === "" || String(value) === usual) query.delete(name);
    else query.set(name, value);
  }

  /** to the traffic, or to a file that is still to be chosen */
  function evaluateOn(query, on) {
    if (on === "traffic") {
      query.delete("file");
      window.everycase.upload.hide();
    } else if (!query.has("file")) window.everycase.upload.show();
  }

  function navigate(versions, reference, challenger, days, dates, source, on, data) {
    const triggered = window.dash_clientside.callback_context.triggered.map((t) => t.prop_id.split(".")[0]);
    if (!onPage() || !data || !data.chosen || !triggered.length) return;
    const query = new URLSearchParams(location.search);
    for (const id of triggered) {
      if (id === "compare-versions" && versions && versions.length > 1) choose(query, versions, data);
      else if (id === "compare-reference" && reference && reference !== data.chosen[0]) {
        query.delete("challenger");
        choose(query, [reference, ...data.chosen.filter((name) => name !== reference)], data);
      } else if (id === "compare-challenger" && challenger && challenger !== data.challenger) {
        query.set("challenger", challenger);
      } else if (id === "compare-days" && days && days !== data.preset) {
        query.delete("from");
        query.delete("to");
        put(query, "days", days, "28");
      } else if (id === "compare-dates" && dates && dates[0] && dates[1]) {
        query.delete("days");
        query.set("from", dates[0]);
        query.set("to", dates[1]);
      } else if (id === "compare-source") put(query, "source", source, "all");
      else if (id === "compare-on") evaluateOn(query, on);
    }
    go(query);
  }

  function choose(query, versions, data) {
    if (versions.join() === data.chosen.join()) return;
    query.delete("a");
    query.delete("b");
    query.set("versions", versions.join(","));
    if (!versions.slice(1).includes(query.get("challenger"))) query.delete("challenger");
  }

  /* ---- decisions: what a threshold does ---- */

  /** events, outcomes and buyers with a score of at least the threshold */
  function picked(version, threshold) {
    const { events, labelled, positives } = state.data;
    const sum = { events: 0, labelled: 0, positives: 0 };
    version.scores.forEach((score, i) => {
      if (score < threshold) return;
      sum.events += events[i];
      sum.labelled += labelled[i];
      sum.positives += positives[i];
    });
    return sum;
  }

  function totals() {
    const add = (list) => list.reduce((a, b) => a + b, 0);
    const { events, labelled, positives } = state.data;
    return { events: add(events), labelled: add(labelled), positives: add(positives) };
  }

  /** value per 1,000 events, or the share picked where no outcome is known */
  function level(sum, all) {
    if (!all.labelled) return (100 * sum.events) / all.events;
    return (1000 * (state.gain * sum.positives - state.cost * sum.labelled)) / all.labelled;
  }

  /** the steps of a version's value, from the highest threshold to the lowest */
  function steps(version, all) {
    const order = version.scores.map((_, i) => i).filter((i) => state.data.events[i]);
    order.sort((a, b) => version.scores[b] - version.scores[a]);
    const sum = { events: 0, labelled: 0, positives: 0 };
    const found = [[1, level(sum, all)]];
    order.forEach((i, at) => {
      for (const name of Object.keys(sum)) sum[name] += state.data[name][i];
      const score = version.scores[i];
      if (at + 1 === order.length || version.scores[order[at + 1]] !== score) found.push([score, level(sum, all)]);
    });
    return found;
  }

  function pair() {
    const { versions, close } = state.data;
    return [
      [0, versions[0]],
      [close, versions[close]],
    ];
  }

  function drawControls() {
    const host = document.getElementById("compare-controls");
    if (!host) return;
    const known = state.all.labelled > 0;
    const worth = `<label>Gain per buyer picked<input id="compare-gain" type="number" min="0" step="any" value="${state.gain}"></label>
      <label>Cost per pick<input id="compare-cost" type="number" min="0" step="any" value="${state.cost}"></label>`;
    host.innerHTML = `<div class="ec-controls">${known ? worth : ""}
      <label class="ec-threshold">Threshold <output id="compare-threshold-said"></output>
      <input id="compare-threshold" type="range" min="0" max="${state.limit}" step="0.005" value="${state.threshold}"></label></div>`;
  }

  function drawValue() {
    const host = document.getElementById("compare-value");
    if (!host) return;
    const [width, height, left, bottom, top] = [Math.max(240, host.clientWidth), 240, 44, 212, 24];
    const lines = state.data.versions.map((version) => steps(version, state.all));
    const values = lines.flat().filter(([at]) => at <= state.limit).map(([, value]) => value);
    let [low, high] = [Math.min(0, ...values), Math.max(1e-9, ...values)];
    low = Math.max(low, -0.4 * high); // what is far below 0 is cut off
    const x = (at) => left + ((width - left - 22) * Math.min(at, state.limit)) / state.limit;
    const y = (value) => bottom - ((bottom - top) * (Math.max(value, low) - low)) / (high - low);
    const ticks = [0, 0.5, 1].map((part) => low + part * (high - low));
    const grid = ticks.map((v) => `<line class="ec-sm-grid" x1="${left}" x2="${width}" y1="${y(v)}" y2="${y(v)}"/><text x="${left - 6}" y="${y(v) + 4}" text-anchor="end">${money(v)}${state.all.labelled ? "" : "%"}</text>`);
    const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => `<text x="${x(part * state.limit)}" y="${height - 8}" text-anchor="middle">${(100 * part * state.limit).toFixed(0)}${NBSP}%</text>`);
    const close = state.data.versions[state.data.close];
    const band = close.best ? `<rect class="ec-version-key-band ec-version-key-${state.data.close % 4}" x="${x(close.best[1])}" width="${Math.max(1, x(close.best[2]) - x(close.best[1]))}" y="${top}" height="${bottom - top}"/>` : "";
    const paths = lines.map((line, i) => {
      const d = line.map(([at, value], k) => `${k ? `H${x(at).toFixed(1)}V` : `M${x(at).toFixed(1)} `}${y(value).toFixed(1)}`).join("");
      return `<path class="ec-version-key-line ec-version-key-${i % 4}${i && i !== state.data.close ? " ec-version-key-far" : ""}" d="${d}"/>`;
    });
    const shown = state.all.labelled ? close.best : null;
    host.innerHTML = `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">${grid.join("")}${marks.join("")}${band}${paths.join("")}
      ${shown ? `<text x="${x(shown[0])}" y="${top - 8}" text-anchor="middle">best ${percent(shown[0])}</text>` : ""}
      <line id="compare-line" class="ec-value-line" y1="${top}" y2="${bottom}"/></svg>`;
    state.x = x;
  }

  function cell(label, n, of, strong) {
    return `<div class="ec-confusion-cell" style="--part: ${Math.sqrt(n / Math.max(1, of)).toFixed(2)}"><strong>${count(n)}</strong><span>${label} · ${percent(n / Math.max(1, of))}</span></div>`;
  }

  function confusion([index, version]) {
    const all = state.all;
    const sum = picked(version, state.threshold);
    const missed = all.positives - sum.positives;
    const rest = all.labelled - sum.labelled - missed;
    const head = `<h3><span class="ec-version-key ec-version-key-${index % 4}"></span>${escape(version.name)}</h3>`;
    if (!all.labelled) return `${head}<p>${percent(sum.events / all.events)} of events are picked.</p>`;
    const value = level(sum, all);
    return `${head}<div class="ec-confusion"><span></span><span>bought</span><span>did not</span>
      <span>picked</span>${cell("found", sum.positives, all.labelled)}${cell("picked in vain", sum.labelled - sum.positives, all.labelled)}
      <span>not picked</span>${cell("missed", missed, all.labelled)}${cell("rightly left", rest, all.labelled)}</div>
      <p class="ec-caption">${percent(sum.labelled / all.labelled)} picked, ${percent(sum.labelled ? sum.positives / sum.labelled : 0, 0)} of them bought, ${percent(all.positives ? sum.positives / all.positives : 0, 0)} of buyers found. Worth ${money(value)} per 1,000 events.</p>`;
  }

  /* ---- who changes side ---- */

  /** Wilson's interval */
  function wilson(k, n) {
    const z = 1.959963984540054;
    const p = k / n;
    const scale = 1 + (z * z) / n;
    const centre = (p + (z * z) / (2 * n)) / scale;
    const half = (z / scale) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
    return [p, Math.max(0, centre - half), Math.min(1, centre + half)];
  }

  function changed() {
    const [[, first], [, other]] = pair();
    const found = [];
    state.data.events.forEach((n, i) => {
      const now = other.scores[i] >= state.threshold;
      if (n && (first.scores[i] >= state.threshold) !== now) found.push({ i, n, now });
    });
    return found.sort((a, b) => b.n - a.n);
  }

  function who(i) {
    const owned = state.data.names.filter((_, bit) => (i >> bit) & 1);
    return owned.length ? escape(owned.join(" + ")) : "none of them";
  }

  function drawFlips() {
    const host = document.getElementById("compare-flips");
    if (!host) return;
    const [[, first], [, other]] = pair();
    const found = changed();
    const total = found.reduce((sum, one) => sum + one.n, 0);
    const gained = found.reduce((sum, one) => sum + (one.now ? one.n : 0), 0);
    const [share, low, high] = wilson(total, state.all.events);
    document.getElementById("compare-flips-caption").textContent = found.length
      ? `${percent(share)} [${percent(low)}, ${percent(high)}] of events, in ${count(found.length)} cases: ${percent(gained / state.all.events)} are picked only by ${other.name}, ${percent((total - gained) / state.all.events)} only by ${first.name}.`
      : `At ${percent(state.threshold)} both decide alike.`;
    const rows = found.slice(0, 8).map(({ i, n, now }) => {
      const m = state.data.labelled[i];
      const [rate, from, to] = m ? wilson(state.data.positives[i], m) : [];
      let right = "? Cannot tell";
      let tone = "unsure";
      if (m && (from > state.threshold || to < state.threshold)) {
        right = `✓ ${(from > state.threshold) === now ? other.name : first.name}`;
        tone = "good";
      }
      const training = [first, other].map((v) => (v.training ? count(v.training[i]) : "–"));
      return `<tr><th scope="row">${who(i)}</th><td>${percent(n / state.all.events, 2)}</td><td>${count(n)}</td><td>${percent(first.scores[i])} → ${percent(other.scores[i])}</td>
        <td>${m ? `${percent(rate, 0)} [${(from * 100).toFixed(0)}, ${percent(to, 0)}]` : "–"}</td><td>${training.join(" · ")}</td><td><span class="ec-verdict ec-tone-${tone}">${escape(right)}</span></td></tr>`;
    });
    const head = ["Case", "Traffic", "Events", "Scores", "Bought, with 95 % interval", "Training rows", "Observed says"];
    host.innerHTML = rows.length
      ? `<div class="ec-table-scroll" tabindex="0" role="region" aria-label="Cases that change side"><table class="ec-table ec-drift-table"><thead><tr>${head.map((h) => `<th scope="col">${h}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>${found.length > 8 ? `<p class="ec-caption">8 of ${count(found.length)} cases, by traffic.</p>` : ""}`
      : `<p class="ec-caption">Nobody changes side.</p>`;
  }

  /** all that moves with the threshold */
  function move() {
    const said = document.getElementById("compare-threshold-said");
    const line = document.getElementById("compare-line");
    const host = document.getElementById("compare-confusion");
    if (!said || !line || !host) return;
    said.textContent = percent(state.threshold);
    line.setAttribute("x1", state.x(state.threshold));
    line.setAttribute("x2", state.x(state.threshold));
    host.innerHTML = pair().map(confusion).join("");
    drawFlips();
  }

  /** a released slider or a changed number is kept in the address; the rest of the page follows */
  function keep() {
    const query = new URLSearchParams(location.search);
    put(query, "threshold", Number(state.threshold.toFixed(4)), "0.2");
    put(query, "gain", state.gain, "8");
    put(query, "cost", state.cost, "1");
    go(query);
  }

  function input(event) {
    if (!onPage() || !state.data) return;
    const value = Number(event.target.value);
    const name = { "compare-threshold": "threshold", "compare-gain": "gain", "compare-cost": "cost" }[event.target.id];
    if (!name || !Number.isFinite(value) || value < 0 || event.target.value === "") return;
    state[name] = value;
    if (name !== "threshold") drawValue();
    move();
  }

  /* ---- the page as a whole ---- */

  function jump(event) {
    const point = event.points && event.points.find((p) => Number.isInteger(p.customdata));
    if (!point || !state.data) return;
    const owned = state.data.names.filter((_, i) => (point.customdata >> i) & 1);
    const query = owned.map((name) => `${encodeURIComponent(name)}=1`);
    location.assign("/?" + [...query, `version=${encodeURIComponent(state.data.challenger)}`].join("&"));
  }

  function drawParts() {
    if (!onPage() || !state.data) return;
    drawControls();
    drawValue();
    move();
  }

  function draw(data) {
    document.documentElement.classList.remove("ec-waiting");
    state.data = data && data.figures ? data : null;
    if (!state.data) return performance.now();
    window.dash_clientside.set_props("version-picker", { value: data.challenger });
    Object.assign(state, { threshold: data.threshold, gain: data.gain, cost: data.cost });
    state.all = totals();
    const highest = Math.max(data.threshold, ...data.versions.map((version) => (version.best ? version.best[2] : 0)));
    state.limit = Math.min(1, Math.max(LIMIT, Math.ceil(highest * 10) / 10));
    requestAnimationFrame(drawParts);
    figures.drawAll(data.figures, jump);
    return performance.now();
  }

  function save() {
    if (!state.data) return;
    const link = document.createElement("a");
    link.href = `data:text/csv;charset=utf-8,${encodeURIComponent(window.everycase.drift.csv(state.data.table))}`;
    link.download = "everycase-compare.csv";
    link.click();
  }

  function onlyDifferences(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    document.getElementById("compare-facts").classList.toggle("ec-only-differences", on);
  }

  document.addEventListener("click", (event) => {
    if (event.target.id === "compare-csv") save();
    if (event.target.id === "compare-report") event.target.search = location.search;
    if (event.target.id === "compare-link") window.everycase.copyText(location.href, event.target);
    if (event.target.id === "compare-differences") onlyDifferences(event.target);
  });
  document.addEventListener("input", input);
  document.addEventListener("change", (event) => {
    if (onPage() && ["compare-threshold", "compare-gain", "compare-cost"].includes(event.target.id)) keep();
  });
  window.addEventListener("resize", () => requestAnimationFrame(drawParts));
  new MutationObserver(() => {
    if (onPage() && state.data) figures.drawAll(state.data.figures, jump);
  }).observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });

  window.everycase.compareGo = go;
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.everycaseCompare = { draw, navigate };
})();
