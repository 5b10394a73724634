/* Everycase in the browser, part 2: how numbers and small drawings are written.
 * A no-break space stands before %, minus is U+2212, the leading zero stays. */
(function () {
  "use strict";

  const NBSP = "\u00a0";
  const MINUS = "\u2212";
  const SPELLED = [
    "No",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
  ];

  /** 0.4201 -> "42.0" */
  function number(probability) {
    return (probability * 100).toFixed(1);
  }

  /** 0.4201 -> "42.0 %" */
  function percent(probability) {
    return number(probability) + NBSP + "%";
  }

  /** change in points with its sign; what rounds to nothing has none */
  function points(change) {
    const text = Math.abs(change * 100).toFixed(1);
    if (text === "0.0") return text;
    return (change > 0 ? "+" : MINUS) + text;
  }

  function whole(value) {
    return Math.round(value).toLocaleString("en-US");
  }

  /** "49 players", "1 player" */
  function count(value, one, many) {
    return whole(value) + " " + (value === 1 ? one : many);
  }

  function spell(value) {
    return value < SPELLED.length ? SPELLED[value] : whole(value);
  }

  /** text that may stand in HTML and SVG */
  function safe(text) {
    return String(text).replace(
      /[&<>"']/g,
      (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c],
    );
  }

  /** an SVG of that size in CSS pixels; its text says what it shows */
  function svg(width, height, label, content) {
    return (
      `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"` +
      ` aria-label="${safe(label)}">${content}</svg>`
    );
  }

  function rect(x, y, width, height, className, radius) {
    const w = Math.max(width, 0).toFixed(2);
    return `<rect x="${x.toFixed(2)}" y="${y}" width="${w}" height="${height}" rx="${radius || 0}" class="${className}"/>`;
  }

  function line(x1, y1, x2, y2, className) {
    const f = (v) => v.toFixed(2);
    return `<line x1="${f(x1)}" y1="${f(y1)}" x2="${f(x2)}" y2="${f(y2)}" class="${className}"/>`;
  }

  function text(x, y, content, className, anchor) {
    return `<text x="${x.toFixed(2)}" y="${y}" class="${className || ""}" text-anchor="${anchor || "start"}">${safe(content)}</text>`;
  }

  /** upper end of a percentage axis that starts at 0, and its step: shares, not percent */
  function axis(highest) {
    const step = highest > 0.5 ? 0.2 : highest > 0.2 ? 0.1 : highest > 0.08 ? 0.05 : 0.02;
    return { end: Math.min(1, Math.max(step, Math.ceil(highest / step - 1e-9) * step)), step };
  }

  /** gridlines and labels of such an axis */
  function gridlines(scale, x, top, bottom) {
    let out = "";
    for (let v = 0; v <= scale.end + 1e-9; v += scale.step) {
      out += line(x(v), top, x(v), bottom, "ec-grid");
      out += text(x(v), bottom + 18, Math.round(v * 100) + NBSP + "%", "ec-tick", "middle");
    }
    return out;
  }

  window.everycase.format = {
    NBSP,
    axis,
    count,
    gridlines,
    line,
    number,
    percent,
    points,
    rect,
    safe,
    spell,
    svg,
    text,
    whole,
  };
})();
