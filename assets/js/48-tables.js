/* The tables of versions that this page holds: it switches between them without the server.
 *
 * Offers everycase.tables: held, isCurrent, modelOf. None keeps state. */
(() => {
  "use strict";

  const { cases } = window.everycase;

  /** The server's table as the drawings use it. @param {Everycase.ServedTable} data @returns {Everycase.Model} */
  function modelOf(data) {
    const n = data.n === null ? null : cases.integers(data.n);
    const positives = data.positives === null ? null : cases.integers(data.positives);
    const total = n ? cases.sumOf(n) : 0;
    return {
      version: data.version,
      champion: data.champion,
      opening: data.opening,
      names: data.features,
      words: data.words,
      scores: cases.doubles(data.scores),
      n,
      positives,
      total,
      base: positives ? cases.sumOf(positives) / total : NaN,
      others: data.others.map((o) => ({ ...o, scores: o.scores ? cases.doubles(o.scores) : null })),
    };
  }

  /**
   * The table of another version, out of that of the one shown; null if only the server has it.
   * @param {Everycase.ServedTable} data @param {string} version @returns {Everycase.ServedTable | null}
   */
  function held(data, version) {
    const others = data.others.map((other) => ({
      ...other,
      counts: other.counts === "shown" ? { n: data.n, positives: data.positives } : other.counts,
    }));
    const other = others.find((each) => each.version === version);
    if (!other?.scores || !other.counts) return null;
    const { champion, digest, scores } = other;
    return { ...data, ...other.counts, version, champion, digest, scores, others };
  }

  /**
   * True if these are the versions that can be chosen now, and each is as it was.
   * @param {Everycase.ServedTable} data @param {Everycase.VersionOption[]} options
   */
  function isCurrent({ others }, options) {
    const served = options.filter((option) => !option.disabled);
    return (
      served.length === others.length &&
      served.every(({ value, digest, champion }) =>
        others.some((o) => o.version === value && o.digest === digest && o.champion === champion),
      )
    );
  }

  window.everycase.tables = { held, isCurrent, modelOf };
})();
