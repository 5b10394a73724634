/* The Karnaugh map of the Predict page: every case of a model in one picture, to look at and press.
 *
 * Offers everycase.map: drawCells, drawMarks, load, measure, mode, select.
 * Two canvases: the cells, drawn when the model, the mode, the theme or the size changes; and the
 * marks, drawn at every flip. */
(() => {
  "use strict";

  const { cases, grid, print } = window.everycase;
  const F = window.everycase.format;
  const { mix, palette, ramp } = window.everycase.colours;
  const INTRODUCTION = 3500; // ms
  /** @type {Record<string, Everycase.Point>} */
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /** Set by `load`, which comes before all else. @type {Everycase.MapView} */
  const view = {
    model: /** @type {any} */ (null),
    host: /** @type {any} */ (null),
    jump: () => {},
    number: 0,
    mode: "probability",
    unseen: false,
    introduced: 0,
  };

  function measure() {
    return window.everycase.colours.measure(view.model, view.mode);
  }

  function layout() {
    const ratio = window.devicePixelRatio || 1;
    return grid.layout(view.model.names.length, view.host.clientWidth, ratio);
  }

  /**
   * The empty canvas of that index, made if need be. On paper, where emptying one empties what is
   * under it, too, the marks are drawn on the cells.
   * @param {number} index @param {Everycase.Grid} g
   */
  function canvas(index, g) {
    const cells = index && print.isOn() && view.host.querySelector("canvas")?.getContext("2d");
    if (cells) return cells;
    let element = view.host.querySelectorAll("canvas")[index];
    if (!element) {
      element = document.createElement("canvas");
      element.setAttribute("aria-hidden", "true");
      view.host.appendChild(element);
    }
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.round(g.width * ratio);
    element.height = Math.round(g.height * ratio);
    element.style.width = `${g.width}px`;
    element.style.height = `${g.height}px`;
    const context = /** @type {CanvasRenderingContext2D} */ (element.getContext("2d"));
    context.scale(ratio, ratio);
    return context;
  }

  function drawCells() {
    const g = layout();
    const colours = palette(view.host);
    const scale = measure();
    view.host.style.height = `${g.height}px`;
    const context = canvas(0, g);
    const gap = g.cell >= 6 ? 1 : 0;
    for (let row = 0; row < g.rows; row++) {
      for (let column = 0; column < g.columns; column++) {
        const number = grid.caseAt(g, column, row);
        const t = scale.at(number);
        context.fillStyle = scale.diverging
          ? mix(colours.even, t < 0 ? colours.lower : colours.higher, Math.abs(t))
          : ramp(colours.ramp, t);
        const x = g.left + column * g.cell;
        const y = g.top + row * g.cell;
        context.fillRect(x, y, g.cell - gap, g.cell - gap);
        if (view.unseen && view.model.n?.[number] === 0) cross(context, x, y, g, colours, t);
      }
    }
    drawMarks(g, colours); // measured once: a second time would lay the page out again
  }

  /**
   * The mark of a case that training never saw.
   * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
   * @param {Everycase.Grid} g @param {Everycase.Palette} colours @param {number} t
   */
  function cross(context, x, y, g, colours, t) {
    const size = Math.max(1.5, g.cell * 0.16);
    const [cx, cy] = [x + (g.cell - 1) / 2, y + (g.cell - 1) / 2];
    context.strokeStyle = Math.abs(t) > 0.45 ? colours.card : colours.soft;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(cx - size, cy - size);
    context.lineTo(cx + size, cy + size);
    context.moveTo(cx + size, cy - size);
    context.lineTo(cx - size, cy + size);
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {Everycase.Grid} g
   * @param {Everycase.Palette} colours @param {Everycase.Point} here
   */
  function drawLanes(context, g, colours, [column, row]) {
    context.font = `11px ${colours.font}`;
    for (let i = 0; i < g.features; i++) {
      const across = i < g.low;
      const bit = across ? i : i - g.low;
      const here = across ? column : row;
      const on = Boolean((view.number >> i) & 1);
      const at = across ? g.top - 8 - bit * g.lane : g.left - 9 - bit * g.lane;
      for (const [from, to] of grid.runs(across ? g.columns : g.rows, bit)) {
        const active = on && here >= from && here < to;
        context.strokeStyle = active ? colours.accent : colours.line;
        context.lineWidth = active ? 2.5 : 1.5;
        const start = (across ? g.left : g.top) + from * g.cell + 1;
        const end = (across ? g.left : g.top) + to * g.cell - 2;
        context.beginPath();
        context.moveTo(across ? start : at, across ? at : start);
        context.lineTo(across ? end : at, across ? at : end);
        context.stroke();
      }
      laneLabel(context, g, colours, i, across, at, on);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {Everycase.Grid} g
   * @param {Everycase.Palette} colours @param {number} i feature @param {boolean} across
   * @param {number} at @param {boolean} on
   */
  function laneLabel(context, g, colours, i, across, at, on) {
    const name = view.model.names[i].slice(0, across ? 8 : 3);
    const size = across || g.lane === grid.wideLane ? 11 : 8.5;
    context.fillStyle = on ? colours.accent : colours.soft;
    context.font = `${on ? "600 " : ""}${size}px ${colours.font}`;
    context.textAlign = across ? "right" : "center";
    context.textBaseline = across ? "middle" : "top";
    if (across) context.fillText(name, g.left - 6, at);
    else context.fillText(name, at, g.top + g.rows * g.cell + 6);
  }

  function drawMarks(g = layout(), colours = palette(view.host)) {
    const context = canvas(1, g);
    const here = grid.cellOf(g, view.number);
    drawLanes(context, g, colours, here);
    const middle = (/** @type {Everycase.Point} */ [column, row]) => [
      g.left + (column + 0.5) * g.cell - 0.5,
      g.top + (row + 0.5) * g.cell - 0.5,
    ];
    const dot = Math.max(1.4, Math.min(2.6, g.cell * 0.13));
    for (let i = 0; i < g.features; i++) {
      const [x, y] = middle(grid.cellOf(g, view.number ^ (1 << i)));
      disc(context, x, y, dot + 1.2, colours.card);
      disc(context, x, y, dot, colours.ink);
      if (introduces()) ring(context, x, y, Math.max(5, g.cell * 0.52), 2.5, colours.accent);
    }
    const [x, y] = middle(here);
    const radius = Math.max(5, g.cell * 0.52);
    ring(context, x, y, radius, 5, colours.card);
    ring(context, x, y, radius, 2.25, colours.ink);
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
   * @param {number} radius @param {string} colour
   */
  function disc(context, x, y, radius, colour) {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
   * @param {number} radius @param {number} width @param {string} colour
   */
  function ring(context, x, y, radius, width, colour) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  /** What is under the pointer, and where the pointer is. @param {MouseEvent} event */
  function hit(event) {
    const box = view.host.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return { target: grid.target(layout(), x, y), x, y };
  }

  /** True for the moment after the first hover, in which the map shows what its neighbours are. */
  function introduces() {
    return performance.now() < view.introduced;
  }

  function introduce() {
    if (view.introduced) return;
    view.introduced = performance.now() + INTRODUCTION;
    drawMarks();
    setTimeout(() => drawMarks(), INTRODUCTION + 50);
  }

  /** @param {PointerEvent} event */
  function tooltip(event) {
    introduce();
    const tip = /** @type {HTMLElement} */ (view.host.querySelector(".ec-tip"));
    const { target, x, y } = hit(event);
    view.host.style.cursor = target ? "pointer" : "default";
    tip.hidden = target?.number === undefined;
    if (target?.number === undefined) return;
    const { names, n, scores, words } = view.model;
    const title = cases.owned(names, target.number).join(" + ") || words.no_inputs;
    const rows = n
      ? ` · ${F.count(n[target.number], `training ${words.person}`, `training ${words.people}`)}`
      : "";
    tip.innerHTML = `${F.safe(title)}<br><strong>${F.percent(scores[target.number])}</strong>${rows}${introduces() ? `<br>Ringed: one ${F.safe(words.input)} away from yours` : ""}`;
    const width = tip.offsetWidth;
    const left = Math.max(0, Math.min(view.host.clientWidth - width, x - width / 2));
    tip.style.left = `${left}px`;
    tip.style.top = `${y - tip.offsetHeight - 14}px`;
  }

  /** @param {MouseEvent} event */
  function press(event) {
    const { target } = hit(event);
    if (target?.number !== undefined) view.jump(target.number);
    else if (target?.feature !== undefined) view.jump(view.number ^ (1 << target.feature));
  }

  /** Arrow keys step to the next cell, over the edge to the other side. @param {KeyboardEvent} event */
  function key(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const g = layout();
    const [column, row] = grid.cellOf(g, view.number);
    view.jump(
      grid.caseAt(g, (column + step[0] + g.columns) % g.columns, (row + step[1] + g.rows) % g.rows),
      { replace: true },
    );
  }

  /** Take a place on the page for the map. @param {HTMLElement} host */
  function adopt(host) {
    view.host = host;
    host.innerHTML = '<div class="ec-tip" hidden></div>';
    const tip = /** @type {HTMLElement} */ (host.querySelector(".ec-tip"));
    host.addEventListener("pointermove", tooltip);
    host.addEventListener("pointerleave", () => {
      tip.hidden = true;
    });
    host.addEventListener("click", press);
    host.addEventListener("keydown", key);
    let width = host.clientWidth;
    new ResizeObserver(() => {
      if (host.clientWidth === width || !host.clientWidth || host !== view.host) return;
      if (print.isOn()) return; // what is drawn now comes too late for paper
      width = host.clientWidth;
      requestAnimationFrame(drawCells); // drawing sets the height: not within the observer
    }).observe(host);
  }

  /**
   * Show a model; `jump` is called when somebody picks a cell or a lane.
   * @param {HTMLElement} host @param {Everycase.Model} model @param {Everycase.Jump} jump
   */
  function load(host, model, jump) {
    view.jump = jump;
    view.model = model;
    if (host !== view.host) adopt(host);
  }

  /** @param {number} number */
  function select(number) {
    view.number = number;
  }

  /** What the cells show, and whether unseen ones are crossed. @param {string} name @param {boolean} unseen */
  function mode(name, unseen) {
    view.mode = name;
    view.unseen = unseen;
  }

  window.everycase.map = { drawCells, drawMarks, load, measure, mode, select };
})();
