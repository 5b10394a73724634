/* Compare's table of decisions that flip: the cases that one version picks at the threshold and the
 * other doesn't.
 *
 * Offers everycase.flips: draw, put, rows. */
(() => {
  "use strict";

  const { address, cases, decisions, rates, terms } = window.everycase;
  const { byId, closest } = window.everycase.page;
  const F = window.everycase.format;
  const SHOWN = 8;
  const sorting = { column: "events", down: true };
  let isComplete = false; // all rows, or the first few
  /** What the table is of, from the last `draw`. @type {Everycase.FlipsTable | null} */
  let current = null;

  /** Draw again only what has changed. @param {HTMLElement} host @param {string} html */
  function put(host, html) {
    if (drawn.get(host) !== html) host.innerHTML = html;
    drawn.set(host, html);
  }

  /** @type {WeakMap<HTMLElement, string>} */
  const drawn = new WeakMap();

  /** The reference, and the version that is compared closely. @param {Everycase.CompareData} data */
  const pair = (data) => [data.versions[0], data.versions[data.close]];

  /** @param {Everycase.CompareData} data @param {number} threshold */
  function flipsAt(data, threshold) {
    const [reference, challenger] = pair(data);
    return decisions.flips(reference.scores, challenger.scores, data.events, threshold);
  }

  /* ---- the columns ---- */

  /** @type {Everycase.FlipsColumn[]} */
  const COLUMNS = [
    {
      name: "case",
      term: "case",
      title: () => "Case",
      value: ({ i }) => cases.bitCount(i),
      down: false,
    },
    { name: "events", term: "events", title: () => "Events", value: ({ n }) => n, down: true },
    {
      name: "scores",
      term: "scores",
      title: () => "Scores",
      value({ i }, data) {
        const [reference, challenger] = pair(data);
        return Math.abs(challenger.scores[i] - reference.scores[i]);
      },
      down: true,
    },
    {
      name: "outcome",
      term: "outcome_rate",
      title: (words) => `${words.outcome_rate}, 95${F.NBSP}% interval`,
      value: ({ i }, data) => (data.labelled[i] ? data.positives[i] / data.labelled[i] : -1),
      down: true,
    },
    {
      name: "training",
      term: "training_rows",
      title: () => "Training rows",
      value: ({ i }, data) => pair(data)[0].training?.[i] ?? -1,
      down: true,
    },
    {
      name: "right",
      term: "favours",
      title: () => "Outcomes favour",
      value: ({ i }, data) => data.labelled[i],
      down: true,
    },
  ];

  /** @param {string} name */
  const column = (name) =>
    /** @type {Everycase.FlipsColumn} */ (COLUMNS.find((one) => one.name === name));

  /** @param {Everycase.Flip[]} flips @param {Everycase.CompareData} data */
  function sorted(flips, data) {
    const { value } = column(sorting.column);
    const sign = sorting.down ? -1 : 1;
    return [...flips].sort((a, b) => sign * (value(a, data) - value(b, data)));
  }

  /** @param {string} name */
  function sortBy(name) {
    sorting.down = sorting.column === name ? !sorting.down : column(name).down;
    sorting.column = name;
  }

  /* ---- the table ---- */

  /** @param {Everycase.FlipsColumn} column @param {Everycase.Vocabulary} words */
  function head({ name, term, title }, words) {
    const isSorted = sorting.column === name;
    const mark = isSorted ? (sorting.down ? " ↓" : " ↑") : "";
    const order = isSorted ? ` aria-sort="${sorting.down ? "descending" : "ascending"}"` : "";
    return `<th scope="col"${order}><button type="button" class="ec-sort" data-flips-sort="${name}">${F.safe(title(words))}${mark}</button>${terms.mark(term, title(words))}</th>`;
  }

  /**
   * The observed rate, the version that it favours at the threshold, and the tone of that.
   * @param {Everycase.FlipsTable} table @param {Everycase.Flip} flip
   */
  function outcomes({ data, threshold }, { i, now }) {
    const [positives, n] = [data.positives[i], data.labelled[i]];
    if (!n) return ["–", "? Inconclusive", "unsure"];
    const [rate, low, high] = rates.wilson(positives, n);
    const text = `${F.percent(rate, 0)} [${F.number(low, 0)}, ${F.percent(high, 0)}]`;
    const side = rates.side(positives, n, threshold);
    if (!side) return [text, "? Inconclusive", "unsure"];
    const [reference, challenger] = pair(data);
    return [text, `✓ ${side > 0 === now ? challenger.name : reference.name}`, "good"];
  }

  /** @param {Everycase.FlipsTable} table @param {Everycase.Flip} flip */
  function row(table, flip) {
    const { data, all } = table;
    const both = pair(data);
    const title = F.safe(cases.owned(data.names, flip.i).join(" + ") || data.words.no_inputs);
    const [observed, favoured, tone] = outcomes(table, flip);
    const training = both.map((v) => (v.training ? F.whole(v.training[flip.i]) : "–")).join(" · ");
    // A report, which is no page of the app, has no upload either: its cases lead nowhere.
    const href = address.caseAddress(data.names, flip.i, both[1].name);
    const name = window.everycase.upload
      ? `<a class="ec-link" data-inside href="${F.safe(href)}">${title}</a>`
      : title;
    return `<tr><th scope="row">${name}</th><td>${F.whole(flip.n)} · ${F.percent(flip.n / all.events, 2)}</td>
      <td>${both.map((v) => F.percent(v.scores[flip.i])).join(" → ")}</td><td>${observed}</td><td>${training}</td>
      <td><span class="ec-verdict ec-tone-${tone}">${F.safe(favoured)}</span></td></tr>`;
  }

  /** @param {number} rows in the table @param {number} all that there are */
  function more(rows, all) {
    if (all <= SHOWN) return "";
    return `<p class="ec-caption">${F.whole(rows)} of ${F.whole(all)} cases. <button type="button" class="ec-more" id="compare-flips-all">${isComplete ? "Show fewer" : "Show all"}</button></p>`;
  }

  /** @param {Everycase.FlipsTable} table @param {Everycase.Flip[]} flips */
  function markup(table, flips) {
    if (!flips.length) return `<p class="ec-caption">No decision flips.</p>`;
    const { data } = table;
    const rows = sorted(flips, data).slice(0, isComplete ? flips.length : SHOWN);
    return `<div class="ec-table-scroll" tabindex="0" role="region" aria-label="Decisions that flip"><table class="ec-table ec-report-table ec-flips-table"><thead><tr>${COLUMNS.map((one) => head(one, data.words)).join("")}</tr></thead>
      <tbody>${rows.map((flip) => row(table, flip)).join("")}</tbody></table></div>${more(rows.length, flips.length)}`;
  }

  /** @param {Everycase.FlipsTable} table @param {Everycase.Flip[]} flips */
  function caption({ data, threshold, all }, flips) {
    if (!flips.length) return `At ${F.percent(threshold)} both versions decide the same.`;
    const [reference, challenger] = pair(data);
    const total = flips.reduce((sum, { n }) => sum + n, 0);
    const gained = flips.reduce((sum, { n, now }) => sum + (now ? n : 0), 0);
    const [share, low, high] = rates.wilson(total, all.events);
    return (
      `${F.percent(share)} [${F.percent(low)}, ${F.percent(high)}] of events, in ${F.count(flips.length, "case", "cases")}: ` +
      `${F.percent(gained / all.events)} are picked only by ${challenger.name}, ` +
      `${F.percent((total - gained) / all.events)} only by ${reference.name}.`
    );
  }

  /**
   * Draw the table and its caption.
   * @param {Everycase.CompareData} data @param {number} threshold
   * @param {Everycase.Sums} all the sums over all cases
   */
  function draw(data, threshold, all) {
    const host = byId("compare-flips");
    if (!host) return;
    current = { data, threshold, all };
    const flips = flipsAt(data, threshold);
    const place = byId("compare-flips-caption");
    if (place) place.textContent = caption(current, flips);
    put(host, markup(current, flips));
  }

  /** The cases as rows of a file. */
  function rows() {
    if (!current) return [];
    const { data, threshold } = current;
    const [reference, challenger] = pair(data);
    const names = [
      ...data.names,
      "events",
      reference.name,
      challenger.name,
      "outcomes",
      "positives",
    ];
    const values = flipsAt(data, threshold).map(({ i, n }) => [
      ...cases.bits(data.names, i),
      ...[n, reference.scores[i], challenger.scores[i], data.labelled[i], data.positives[i]],
    ]);
    return [names, ...values];
  }

  document.addEventListener("click", (event) => {
    const name = closest(event, "[data-flips-sort]")?.dataset.flipsSort;
    const isMore = Boolean(closest(event, "#compare-flips-all"));
    if ((!name && !isMore) || !current) return;
    if (name) sortBy(name);
    else isComplete = !isComplete;
    draw(current.data, current.threshold, current.all);
    /** @type {HTMLElement | null} */
    const again = document.querySelector(
      name ? `[data-flips-sort="${name}"]` : "#compare-flips-all",
    );
    again?.focus(); // it was redrawn
  });

  window.everycase.flips = { draw, put, rows };
})();
