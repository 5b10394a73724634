/* Everycase in the browser, part 8b: what a page shows as a file, a table as CSV or a drawing as PNG. */
(function () {
  "use strict";

  const DRAWN = [
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

  function csv(rows) {
    const cell = (value) =>
      /[",\r\n]/.test(String(value)) ? `"${String(value).replace(/"/g, '""')}"` : String(value);
    return (
      rows
        .map((row) =>
          row.map((value) => cell(value === null || value === undefined ? "" : value)).join(","),
        )
        .join("\r\n") + "\r\n"
    );
  }

  function offer(address, name) {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
  }

  function table(rows, name) {
    offer(`data:text/csv;charset=utf-8,${encodeURIComponent(csv(rows))}`, `${name}.csv`);
  }

  /** a copy that looks the same without the page's styles */
  function alone(svg) {
    const copy = svg.cloneNode(true);
    const from = [svg, ...svg.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
      const style = getComputedStyle(from[i]);
      for (const name of DRAWN) element.style.setProperty(name, style.getPropertyValue(name));
    });
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    return new XMLSerializer().serializeToString(copy);
  }

  function drawing(svg, name) {
    const picture = new Image();
    picture.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = svg.clientWidth * SCALE;
      canvas.height = svg.clientHeight * SCALE;
      const pen = canvas.getContext("2d");
      pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--ec-card");
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      offer(canvas.toDataURL("image/png"), `${name}.png`);
    };
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(alone(svg))}`;
  }

  window.everycase = window.everycase || {};
  window.everycase.save = { table, drawing };
})();
