/* Everycase in the browser, part 7: Plotly figures in the colours of the theme.

   The server sends colours as tokens ($accent, $accent/0.16); their values are CSS variables, so a
   switch between light and dark needs no request. */
(function () {
  "use strict";

  const CONFIG_FONT = "--ec-font";

  function variable(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function withAlpha(colour, alpha) {
    const hex = colour.replace("#", "");
    const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
    const [r, g, b] = [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16));
    return `rgba(${r}, ${g}, ${b}, ${alpha})`;
  }

  /** "$accent/0.16" -> the colour; anything else stays as it is */
  function resolve(text, known) {
    if (known.has(text)) return known.get(text);
    const [name, alpha] = text.slice(1).split("/");
    let value;
    if (name === "font") value = variable(CONFIG_FONT);
    else if (name.startsWith("diverging")) value = variable("--ec-drift-ramp").split(/\s+/)[Number(name.slice(9))];
    else value = variable(`--ec-${name}`);
    if (alpha) value = withAlpha(value, alpha);
    known.set(text, value);
    return value;
  }

  function themed(value, known = new Map()) {
    if (typeof value === "string") return value.startsWith("$") ? resolve(value, known) : value;
    if (Array.isArray(value)) {
      const plain = typeof value[0] === "number" && typeof value[value.length - 1] === "number";
      return plain ? value : value.map((inner) => themed(inner, known)); // long lists of numbers stay
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, themed(inner, known)]));
    }
    return value;
  }

  window.everycase = window.everycase || {};
  window.everycase.figures = { themed, variable };
})();
