/* How numbers, dates and names are written: a no-break space before %, minus is U+2212, the
 * leading zero stays, dates are those of UTC.
 *
 * Offers everycase.format. */
(() => {
  "use strict";

  const NBSP = "\u00a0";
  const MINUS = "\u2212";
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const SPELLED = "No One Two Three Four Five Six Seven Eight Nine Ten".split(" ");
  /** @type {Record<string, string>} */
  const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

  /** 0.4201 -> "42.0" @param {number} share @param {number} [digits] */
  function number(share, digits = 1) {
    return (share * 100).toFixed(digits).replace("-", MINUS);
  }

  /** 0.4201 -> "42.0 %" @param {number} share @param {number} [digits] */
  function percent(share, digits = 1) {
    return `${number(share, digits)}${NBSP}%`;
  }

  /** 0.0834 -> "8.3 %", 0.4201 -> "42 %": short, for axes and small charts @param {number} share */
  function shortPercent(share) {
    return percent(share, share < 0.095 ? 1 : 0);
  }

  /** A change in points with its sign; what rounds to nothing has none. @param {number} change */
  function points(change) {
    const text = Math.abs(change * 100).toFixed(1);
    if (text === "0.0") return text;
    return (change > 0 ? "+" : MINUS) + text;
  }

  /** An amount without decimals; what is under a half is 0. @param {number} amount */
  function money(amount) {
    return Math.abs(amount) < 0.5 ? "0" : amount.toFixed(0).replace("-", MINUS);
  }

  /** 49123 -> "49,123" @param {number} value */
  function whole(value) {
    return Math.round(value).toLocaleString("en-US");
  }

  /** "49 players", "1 player" @param {number} value @param {string} one @param {string} many */
  function count(value, one, many) {
    return `${whole(value)} ${value === 1 ? one : many}`;
  }

  /** Numbers to ten in words, for the beginning of a sentence. @param {number} value */
  function spell(value) {
    return value < SPELLED.length ? SPELLED[value] : whole(value);
  }

  /** 1746144000000 -> "2 May" @param {number} ms since 1970 */
  function day(ms) {
    const date = new Date(ms);
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  }

  /** With a capital. @param {string} text */
  function capital(text) {
    return text[0].toUpperCase() + text.slice(1);
  }

  /** Text made safe to put in HTML and SVG. @param {unknown} text */
  function safe(text) {
    return String(text).replace(/[&<>"']/g, (character) => ESCAPES[character]);
  }

  window.everycase.format = {
    NBSP,
    capital,
    count,
    day,
    money,
    number,
    percent,
    points,
    safe,
    shortPercent,
    spell,
    whole,
  };
})();
