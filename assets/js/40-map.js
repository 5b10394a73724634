/* Everycase in the browser, part 4: the Karnaugh map, every case of a model in one picture.
 *
 * Columns hold the first half of the features, rows the rest, both in Gray code, so a step to the
 * next cell changes one feature. Two canvases: the cells, drawn when the model, the mode, the
 * theme or the size changes; and the marks, drawn at every flip. */
(function () {
  "use strict";

  const { cases } = window.everycase;
  const F = window.everycase.format;
  const { mix, palette, ramp } = window.everycase.colours;
  const LANE = { wide: 21, narrow: 15 };
  const view = {
    model: null,
    number: 0,
    mode: "probability",
    unseen: false,
    host: null,
    jump: null,
  };

  function measure() {
    return window.everycase.colours.measure(view.model, view.mode);
  }

  function geometry() {
    const features = view.model.names.length;
    const low = Math.ceil(features / 2);
    const high = features - low;
    const width = view.host.clientWidth;
    const lane = width < 420 ? LANE.narrow : LANE.wide;
    const left = high * lane + (lane === LANE.wide ? 24 : 8);
    const top = low * lane + 10;
    const columns = 1 << low;
    const rows = 1 << high;
    const cell = Math.min(40, (width - left - 2) / columns);
    const ratio = window.devicePixelRatio || 1;
    const size = Math.max(1, Math.floor(cell * ratio)) / ratio; // whole device pixels: even cells
    return {
      features,
      low,
      high,
      lane,
      left,
      top,
      columns,
      rows,
      cell: size,
      width,
      height: top + rows * size + 22,
    };
  }

  function caseAt(g, column, row) {
    return cases.gray(column) | (cases.gray(row) << g.low);
  }

  function cellOf(g, number) {
    return [cases.ungray(number & (g.columns - 1)), cases.ungray(number >> g.low)];
  }

  function canvas(index, g) {
    let element = view.host.querySelectorAll("canvas")[index];
    if (!element) {
      element = document.createElement("canvas");
      element.setAttribute("aria-hidden", "true");
      view.host.appendChild(element);
    }
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.round(g.width * ratio);
    element.height = Math.round(g.height * ratio);
    element.style.width = g.width + "px";
    element.style.height = g.height + "px";
    const context = element.getContext("2d");
    context.scale(ratio, ratio);
    context.clearRect(0, 0, g.width, g.height);
    return context;
  }

  function drawCells() {
    const g = geometry();
    const colours = palette(view.host);
    const scale = measure();
    view.host.style.height = g.height + "px";
    const context = canvas(0, g);
    const gap = g.cell >= 6 ? 1 : 0;
    for (let row = 0; row < g.rows; row++) {
      for (let column = 0; column < g.columns; column++) {
        const number = caseAt(g, column, row);
        const t = scale.at(number);
        context.fillStyle = scale.diverging
          ? mix(colours.even, t < 0 ? colours.lower : colours.higher, Math.abs(t))
          : ramp(colours.ramp, t);
        const x = g.left + column * g.cell;
        const y = g.top + row * g.cell;
        context.fillRect(x, y, g.cell - gap, g.cell - gap);
        if (view.unseen && view.model.n && view.model.n[number] === 0)
          cross(context, x, y, g, colours, t);
      }
    }
    drawMarks(g, colours); // measured once: a second time would lay the page out anew
  }

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

  /** first and last+1 of every run of places where a feature is on */
  function runs(places, bit) {
    const found = [];
    for (let j = 0; j < places; j++) {
      if (!((cases.gray(j) >> bit) & 1)) continue;
      if (found.length && found[found.length - 1][1] === j) found[found.length - 1][1] = j + 1;
      else found.push([j, j + 1]);
    }
    return found;
  }

  function drawLanes(context, g, colours, [column, row]) {
    context.font = `11px ${colours.font}`;
    for (let i = 0; i < g.features; i++) {
      const across = i < g.low;
      const bit = across ? i : i - g.low;
      const here = across ? column : row;
      const on = (view.number >> i) & 1;
      const at = across ? g.top - 8 - bit * g.lane : g.left - 9 - bit * g.lane;
      for (const [from, to] of runs(across ? g.columns : g.rows, bit)) {
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

  function laneLabel(context, g, colours, i, across, at, on) {
    const name = view.model.names[i].slice(0, across ? 8 : 3);
    context.fillStyle = on ? colours.accent : colours.soft;
    context.font = `${on ? "600 " : ""}${across || g.lane > 16 ? 11 : 8.5}px ${colours.font}`;
    context.textAlign = across ? "right" : "center";
    context.textBaseline = across ? "middle" : "top";
    if (across) context.fillText(name, g.left - 6, at);
    else context.fillText(name, at, g.top + g.rows * g.cell + 6);
  }

  function drawMarks(g = geometry(), colours = palette(view.host)) {
    const context = canvas(1, g);
    const here = cellOf(g, view.number);
    drawLanes(context, g, colours, here);
    const middle = ([column, row]) => [
      g.left + (column + 0.5) * g.cell - 0.5,
      g.top + (row + 0.5) * g.cell - 0.5,
    ];
    const dot = Math.max(1.4, Math.min(2.6, g.cell * 0.13));
    for (let i = 0; i < g.features; i++) {
      const [x, y] = middle(cellOf(g, view.number ^ (1 << i)));
      circle(context, x, y, dot + 1.2, colours.card);
      circle(context, x, y, dot, colours.ink);
    }
    const [x, y] = middle(here);
    const radius = Math.max(5, g.cell * 0.52);
    context.lineWidth = 5;
    context.strokeStyle = colours.card;
    ring(context, x, y, radius);
    context.lineWidth = 2.25;
    context.strokeStyle = colours.ink;
    ring(context, x, y, radius);
  }

  function circle(context, x, y, radius, colour) {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  function ring(context, x, y, radius) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  /** what lies under the pointer: {number} of a cell, {feature} of a lane, or null */
  function hit(event) {
    const box = view.host.getBoundingClientRect();
    const g = geometry();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const column = Math.floor((x - g.left) / g.cell);
    const row = Math.floor((y - g.top) / g.cell);
    const inColumns = column >= 0 && column < g.columns;
    const inRows = row >= 0 && row < g.rows;
    if (inColumns && inRows) return { number: caseAt(g, column, row), x, y };
    if (y < g.top && x > g.left - 40 && (inColumns || x < g.left)) {
      const bit = Math.round((g.top - 8 - y) / g.lane);
      if (bit >= 0 && bit < g.low) return { feature: bit };
    }
    if (x < g.left && row >= 0 && y < g.height) {
      const bit = Math.round((g.left - 9 - x) / g.lane);
      if (bit >= 0 && bit < g.high) return { feature: g.low + bit };
    }
    return null;
  }

  function tooltip(event) {
    const tip = view.host.querySelector(".ec-tip");
    const found = hit(event);
    view.host.style.cursor = found ? "pointer" : "default";
    tip.hidden = !found || found.number === undefined;
    if (tip.hidden) return;
    const { model } = view;
    const names = cases.owned(model.names, found.number).join(" + ") || model.words.no_inputs;
    const n = model.n
      ? ` · ${F.count(model.n[found.number], `training ${model.words.person}`, `training ${model.words.people}`)}`
      : "";
    tip.innerHTML = `${F.safe(names)}<br><strong>${F.percent(model.scores[found.number])}</strong>${n}`;
    const width = tip.offsetWidth;
    tip.style.left =
      Math.max(0, Math.min(view.host.clientWidth - width, found.x - width / 2)) + "px";
    tip.style.top = found.y - tip.offsetHeight - 14 + "px";
  }

  function press(event) {
    const found = hit(event);
    if (!found) return;
    view.jump(found.number === undefined ? view.number ^ (1 << found.feature) : found.number);
  }

  function key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
      event.key
    ];
    if (!step) return;
    event.preventDefault();
    const g = geometry();
    const [column, row] = cellOf(g, view.number);
    view.jump(
      caseAt(g, (column + step[0] + g.columns) % g.columns, (row + step[1] + g.rows) % g.rows),
      { replace: true },
    );
  }

  function adopt(host) {
    view.host = host;
    host.innerHTML = '<div class="ec-tip" hidden></div>';
    host.addEventListener("pointermove", tooltip);
    host.addEventListener("pointerleave", () => (host.querySelector(".ec-tip").hidden = true));
    host.addEventListener("click", press);
    host.addEventListener("keydown", key);
    let width = host.clientWidth;
    new ResizeObserver(() => {
      if (host.clientWidth === width || !host.clientWidth || host !== view.host) return;
      width = host.clientWidth;
      requestAnimationFrame(drawCells); // drawing sets the height: not within the observer
    }).observe(host);
  }

  /** show a model; jump(case, options) is called when somebody picks a cell or a lane */
  function load(host, model, jump) {
    view.jump = jump;
    view.model = model;
    if (host !== view.host) adopt(host);
  }

  function select(number) {
    view.number = number;
  }

  function mode(name, unseen) {
    view.mode = name;
    view.unseen = unseen;
  }

  window.everycase.map = {
    drawCells,
    drawMarks,
    load,
    measure,
    mode,
    select,
    ready: () => Boolean(view.model),
  };
})();
