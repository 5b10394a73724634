/* Everycase in the browser, part 9b: who changes side between two versions at a threshold. */
(function () {
  "use strict";

  const SHOWN = 8;
  const FEW = 50; // outcomes below which a share is tested exactly
  const MINUS = "\u2212";
  const NBSP = "\u00a0";
  const state = { sort: "events", down: true, all: false, last: null };

  const percent = (share, digits = 1) =>
    `${(share * 100).toFixed(digits).replace("-", MINUS)}${NBSP}%`;
  const count = (n) => n.toLocaleString("en");
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

  /** what has not changed is not drawn again */
  function put(host, html) {
    if (host.shown !== html) host.innerHTML = html;
    host.shown = html;
  }

  /** Wilson's interval */
  function wilson(k, n) {
    const z = 1.959963984540054;
    const p = k / n;
    const scale = 1 + (z * z) / n;
    const centre = (p + (z * z) / (2 * n)) / scale;
    const half = (z / scale) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
    return [p, Math.max(0, centre - half), Math.min(1, centre + half)];
  }

  /** 1 where the share is surely above the threshold, -1 below, 0 if neither (webapp/stats/decisions.py) */
  function side(k, n, threshold) {
    if (threshold >= 1) return k === n ? 0 : -1;
    if (n >= FEW) {
      const [, low, high] = wilson(k, n);
      return (low > threshold) - (high < threshold);
    }
    let chance = (1 - threshold) ** n; // of no positive
    let [below, upTo] = [0, 0]; // of fewer than k, and of k at most
    for (let i = 0; i <= k; i += 1) {
      below = upTo;
      upTo += chance;
      chance *= (((n - i) / (i + 1)) * threshold) / (1 - threshold || 1e-300);
    }
    return (1 - below <= 0.025) - (upTo <= 0.025);
  }

  const pair = (data) => [data.versions[0], data.versions[data.close]];

  /** the cases on which the two decide differently, the most frequent first */
  function changed(data, threshold) {
    const [first, other] = pair(data);
    const found = [];
    data.events.forEach((n, i) => {
      const now = other.scores[i] >= threshold;
      if (n && first.scores[i] >= threshold !== now) found.push({ i, n, now });
    });
    return found.sort((a, b) => b.n - a.n);
  }

  /* ---- the table ---- */

  // what a column is called, what it is sorted by, and whether the largest come first
  const COLUMNS = [
    ["case", "Case", ({ i }) => [...i.toString(2)].filter((bit) => bit === "1").length, false],
    ["events", "Events", ({ n }) => n, true],
    [
      "scores",
      "Scores",
      ({ i }, [first, other]) => Math.abs(other.scores[i] - first.scores[i]),
      true,
    ],
    [
      "bought",
      "Bought, with 95 % interval",
      ({ i }, _pair, data) => (data.labelled[i] ? data.positives[i] / data.labelled[i] : -1),
      true,
    ],
    [
      "training",
      "Training rows",
      ({ i }, [first]) => (first.training ? first.training[i] : -1),
      true,
    ],
    ["right", "Observed says", ({ i }, _pair, data) => data.labelled[i], true],
  ];

  function sorted(found, data) {
    const value = COLUMNS.find(([name]) => name === state.sort)[2];
    const sign = state.down ? -1 : 1;
    return [...found].sort(
      (a, b) => sign * (value(a, pair(data), data) - value(b, pair(data), data)),
    );
  }

  function head([name, title]) {
    const on = state.sort === name;
    const mark = on ? (state.down ? " ↓" : " ↑") : "";
    return `<th scope="col"${on ? ` aria-sort="${state.down ? "descending" : "ascending"}"` : ""}><button type="button" class="ec-sort" data-flips-sort="${name}">${title}${mark}</button></th>`;
  }

  function who(data, i) {
    const owned = data.names.filter((_, bit) => (i >> bit) & 1);
    return owned.length ? escape(owned.join(" + ")) : "none of them";
  }

  /** what was observed, and who is right by it */
  function observed(data, threshold, { i, now }) {
    const m = data.labelled[i];
    if (!m) return ["–", "? Cannot tell", "unsure"];
    const [rate, low, high] = wilson(data.positives[i], m);
    const text = `${percent(rate, 0)} [${(low * 100).toFixed(0)}, ${percent(high, 0)}]`;
    const known = side(data.positives[i], m, threshold);
    if (!known) return [text, "? Cannot tell", "unsure"];
    const [first, other] = pair(data);
    return [text, `✓ ${(known > 0) === now ? other.name : first.name}`, "good"];
  }

  function row(data, threshold, all, one) {
    const both = pair(data);
    const [text, right, tone] = observed(data, threshold, one);
    const training = both.map((v) => (v.training ? count(v.training[one.i]) : "–")).join(" · ");
    return `<tr><th scope="row">${who(data, one.i)}</th><td>${count(one.n)} · ${percent(one.n / all.events, 2)}</td>
      <td>${both.map((v) => percent(v.scores[one.i])).join(" → ")}</td><td>${text}</td><td>${training}</td>
      <td><span class="ec-verdict ec-tone-${tone}">${escape(right)}</span></td></tr>`;
  }

  function table(found, data, threshold, all) {
    if (!found.length) return `<p class="ec-caption">Nobody changes side.</p>`;
    const shown = sorted(found, data).slice(0, state.all ? found.length : SHOWN);
    const more =
      found.length > SHOWN
        ? `<p class="ec-caption">${count(shown.length)} of ${count(found.length)} cases. <button type="button" class="ec-more" id="compare-flips-all">${state.all ? "Show fewer" : "Show all"}</button></p>`
        : "";
    return `<div class="ec-table-scroll" tabindex="0" role="region" aria-label="Cases that change side"><table class="ec-table ec-report-table ec-flips-table"><thead><tr>${COLUMNS.map(head).join("")}</tr></thead>
      <tbody>${shown.map((one) => row(data, threshold, all, one)).join("")}</tbody></table></div>${more}`;
  }

  function caption(found, data, threshold, all) {
    if (!found.length) return `At ${percent(threshold)} both decide alike.`;
    const [first, other] = pair(data);
    const total = found.reduce((sum, one) => sum + one.n, 0);
    const gained = found.reduce((sum, one) => sum + (one.now ? one.n : 0), 0);
    const [share, low, high] = wilson(total, all.events);
    return `${percent(share)} [${percent(low)}, ${percent(high)}] of events, in ${count(found.length)} cases: ${percent(gained / all.events)} are picked only by ${other.name}, ${percent((total - gained) / all.events)} only by ${first.name}.`;
  }

  /** ``all`` are the sums over all cases */
  function draw(data, threshold, all) {
    const host = document.getElementById("compare-flips");
    if (!host) return;
    state.last = [data, threshold, all];
    const found = changed(data, threshold);
    document.getElementById("compare-flips-caption").textContent = caption(
      found,
      data,
      threshold,
      all,
    );
    put(host, table(found, data, threshold, all));
  }

  /** the cases as a file */
  function rows() {
    const [data, threshold] = state.last;
    const [first, other] = pair(data);
    const names = [...data.names, "events", first.name, other.name, "outcomes", "positives"];
    const found = changed(data, threshold).map(({ i, n }) => [
      ...data.names.map((_, bit) => (i >> bit) & 1),
      ...[n, first.scores[i], other.scores[i], data.labelled[i], data.positives[i]],
    ]);
    return [names, ...found];
  }

  function sortBy(name) {
    const usual = COLUMNS.find(([own]) => own === name)[3];
    state.down = state.sort === name ? !state.down : usual;
    state.sort = name;
  }

  document.addEventListener("click", (event) => {
    const name = event.target.dataset && event.target.dataset.flipsSort;
    const all = event.target.id === "compare-flips-all";
    if ((!name && !all) || !state.last) return;
    if (name) sortBy(name);
    else state.all = !state.all;
    draw(...state.last);
    const again = name ? `[data-flips-sort="${name}"]` : "#compare-flips-all";
    document.querySelector(again).focus(); // it was drawn anew
  });

  window.everycase = window.everycase || {};
  window.everycase.flips = { count, draw, escape, percent, put, rows, side };
})();
