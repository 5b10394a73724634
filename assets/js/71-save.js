/* Saves what a page shows as a file: a table as CSV, a drawing as PNG.
 *
 * Offers everycase.save: csv, drawing, table. */
(() => {
  "use strict";

  const STYLES = [
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "opacity",
    "font-size",
    "font-family",
    "font-weight",
  ];
  const SCALE = 2;

  /** The text of a CSV file (RFC 4180). A text that a spreadsheet would take for a formula, such as
   * the name of an input, gets an apostrophe; numbers stay numbers. @param {unknown[][]} rows */
  function csv(rows) {
    const cell = (/** @type {unknown} */ value) => {
      let text = String(value ?? "");
      if (/^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text))) text = `'${text}`;
      return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
  }

  /** @param {string} address @param {string} name */
  function download(address, name) {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
  }

  /** @param {unknown[][]} rows @param {string} name without the ending */
  function table(rows, name) {
    download(`data:text/csv;charset=utf-8,${encodeURIComponent(csv(rows))}`, `${name}.csv`);
  }

  /** A copy that looks the same without the page's styles, as text. @param {SVGElement} svg */
  function standalone(svg) {
    const copy = /** @type {SVGElement} */ (svg.cloneNode(true));
    /** @type {NodeListOf<SVGElement>} */
    const copies = copy.querySelectorAll("*");
    const originals = [svg, ...svg.querySelectorAll("*")];
    [copy, ...copies].forEach((element, i) => {
      const style = getComputedStyle(originals[i]);
      for (const name of STYLES) element.style.setProperty(name, style.getPropertyValue(name));
    });
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    return new XMLSerializer().serializeToString(copy);
  }

  /** @param {SVGElement} svg @param {string} name without the ending */
  function drawing(svg, name) {
    const picture = new Image();
    picture.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = svg.clientWidth * SCALE;
      canvas.height = svg.clientHeight * SCALE;
      const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--ec-card");
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      download(canvas.toDataURL("image/png"), `${name}.png`);
    };
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
  }

  window.everycase.save = { csv, drawing, table };
})();
