/* Saves what a page shows as a file: a table as CSV, a drawing as PNG.
 *
 * A picture says by itself what it shows: its title, what of and when, its axes and its legend.
 *
 * Offers everycase.save: csv, drawing, file, framed, table. */
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
  const [PAD, LINE, KEY] = [16, 18, 22]; // CSS pixels: around a picture, of a line, of a key

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

  /** @param {Blob} content @param {string} name */
  function file(content, name) {
    const address = URL.createObjectURL(content);
    download(address, name);
    setTimeout(() => URL.revokeObjectURL(address), 60000);
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

  /* ---- the frame of a picture ---- */

  /** @param {string} name of a CSS variable */
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /** The heading over a chart. @param {Element} host */
  function titleOf(host) {
    const own = host.closest(".ec-card")?.querySelector("h2, h3");
    const heading = own ?? host.closest("section, details")?.querySelector("h2");
    return heading?.textContent ?? "";
  }

  /** The lines of a chart's legend. @param {Element} host @returns {Everycase.LegendLine[]} */
  function legendOf(host) {
    const places = [host.closest(".ec-card"), host.closest(".ec-section")];
    const list = places.map((place) => place?.querySelector(".ec-chart-legend")).find(Boolean);
    return [...(list?.querySelectorAll("li") ?? [])].map((item) => {
      const key = item.querySelector(".ec-version-key");
      const style = key ? getComputedStyle(key) : getComputedStyle(item, "::before");
      const line = { dashed: [5, 3], dotted: [2, 2] }[style.borderTopStyle] ?? [];
      const dash = style.getPropertyValue("--dash").trim();
      const border = style.borderTopWidth === "0px" ? style.backgroundColor : style.borderTopColor;
      return {
        text: item.textContent ?? "",
        colour: key ? style.getPropertyValue("--key").trim() : border,
        dash: dash ? dash.split(" ").map(parseFloat) : line,
      };
    });
  }

  /**
   * Text and legend over and under a picture, which come in lines of 18 pixels.
   * @param {CanvasRenderingContext2D} pen @param {number} width
   * @param {Everycase.LegendLine[]} legend @param {number} top @param {boolean} isDrawn or measured
   */
  function drawLegend(pen, width, legend, top, isDrawn) {
    let [x, y] = [PAD, top];
    for (const { text, colour, dash } of legend) {
      const needed = KEY + 8 + pen.measureText(text).width + 18;
      if (x > PAD && x + needed > width) [x, y] = [PAD, y + LINE];
      if (isDrawn) {
        pen.strokeStyle = colour;
        pen.lineWidth = 2.5;
        pen.setLineDash(dash);
        pen.beginPath();
        pen.moveTo(x, y + 8);
        pen.lineTo(x + KEY, y + 8);
        pen.stroke();
        pen.fillText(text, x + KEY + 8, y + 12);
      }
      x += needed;
    }
    return legend.length ? y + LINE : top;
  }

  /**
   * Save a picture of a chart with what surrounds it on the page.
   * @param {string} address of the picture @param {Element} host where the chart is
   * @param {Everycase.ChartMeta} meta @param {string} name without the ending
   */
  async function framed(address, host, { about = "", x = "", y = "" }, name) {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const [width, height] = [host.clientWidth, host.clientHeight].map(Math.round);
    const canvas = document.createElement("canvas");
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const small = `12px ${css("--ec-font")}`;
    pen.font = small;
    const legend = legendOf(host);
    const top = drawLegend(pen, width + 2 * PAD, legend, 58, false) + (y ? LINE : 0);
    canvas.width = (width + 2 * PAD) * SCALE;
    canvas.height = (top + height + (x ? LINE : 0) + PAD) * SCALE;
    pen.scale(SCALE, SCALE);
    pen.fillStyle = css("--ec-card");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, PAD, top, width, height);
    pen.fillStyle = css("--ec-ink");
    pen.font = `600 16px ${css("--ec-font")}`;
    pen.fillText(titleOf(host), PAD, 28);
    pen.font = small;
    pen.fillStyle = css("--ec-soft");
    pen.fillText(about, PAD, 47);
    drawLegend(pen, width + 2 * PAD, legend, 58, true);
    pen.fillText(y && `↑ ${y}`, PAD, top - 4);
    pen.textAlign = "right";
    pen.fillText(x && `${x} →`, width + PAD, top + height + 12);
    download(canvas.toDataURL("image/png"), `${name}.png`);
  }

  /**
   * @param {SVGElement} svg @param {Everycase.ChartMeta} meta
   * @param {string} name without the ending
   */
  function drawing(svg, meta, name) {
    const address = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
    return framed(address, svg, meta, name);
  }

  window.everycase.save = { csv, drawing, file, framed, table };
})();
