/* The pieces that the drawings in SVG are made of, and the percentage axis under them.
 *
 * Offers everycase.svg: axis, gridlines, line, picture, rect, text; each returns markup. */
(() => {
  "use strict";

  const { NBSP, safe } = window.everycase.format;

  /** Above which share an axis has which step. */
  const STEPS = [
    [0.5, 0.2],
    [0.2, 0.1],
    [0.08, 0.05],
    [0.02, 0.02],
    [0.01, 0.005],
    [0.004, 0.002],
    [0.002, 0.001],
    [0.0005, 0.0005],
  ];

  /**
   * A whole drawing of that size in CSS pixels; its label describes it.
   * @param {number} width @param {number} height @param {string} label @param {string} content
   */
  function picture(width, height, label, content) {
    return (
      `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"` +
      ` aria-label="${safe(label)}">${content}</svg>`
    );
  }

  /**
   * @param {number} x @param {number} y @param {number} width @param {number} height
   * @param {string} className @param {number} [radius] of the corners
   */
  function rect(x, y, width, height, className, radius = 0) {
    const w = Math.max(width, 0).toFixed(2);
    return `<rect x="${x.toFixed(2)}" y="${y}" width="${w}" height="${height}" rx="${radius}" class="${className}"/>`;
  }

  /**
   * @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2
   * @param {string} className
   */
  function line(x1, y1, x2, y2, className) {
    const f = (/** @type {number} */ v) => v.toFixed(2);
    return `<line x1="${f(x1)}" y1="${f(y1)}" x2="${f(x2)}" y2="${f(y2)}" class="${className}"/>`;
  }

  /**
   * @param {number} x @param {number} y @param {string} content @param {string} [className]
   * @param {string} [anchor]
   */
  function text(x, y, content, className = "", anchor = "start") {
    return `<text x="${x.toFixed(2)}" y="${y}" class="${className}" text-anchor="${anchor}">${safe(content)}</text>`;
  }

  /**
   * Upper end and step of a percentage axis that starts at 0, as shares.
   * @param {number} highest share to be shown @returns {Everycase.Axis}
   */
  function axis(highest) {
    const step = highest > 0 ? (STEPS.find(([least]) => highest > least)?.[1] ?? 0.0001) : 0.02;
    return { end: Math.min(1, Math.max(step, Math.ceil(highest / step - 1e-9) * step)), step };
  }

  /**
   * Gridlines and labels of such an axis.
   * @param {Everycase.Axis} scale @param {(share: number) => number} x
   * @param {number} top @param {number} bottom
   */
  function gridlines(scale, x, top, bottom) {
    let out = "";
    for (let v = 0; v <= scale.end + 1e-9; v += scale.step) {
      out += line(x(v), top, x(v), bottom, "ec-grid");
      const label = `${Number((v * 100).toPrecision(3))}${NBSP}%`;
      out += text(x(v), bottom + 18, label, "ec-tick", "middle");
    }
    return out;
  }

  window.everycase.svg = { axis, gridlines, line, picture, rect, text };
})();
