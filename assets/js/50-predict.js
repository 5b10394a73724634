/* The Predict page: flips of the switches, the probability at once, the drawings in the next frame.
 *
 * Offers everycase.predict: change, jumpTo, state; and to Dash everycasePredict, of which `update`
 * is called at every flip and whenever the server delivers a version's tables. A flip asks the
 * server for nothing. The state is the model in the page and the case it shows. */
(() => {
  "use strict";

  const { answer, around, cases, map, page, requests, tables, versions, waterfall } =
    window.everycase;
  const { byId, closest, fill, ready, setProps, settle } = page;
  const F = window.everycase.format;
  const ANNOUNCED = 600; // ms after the last flip, so that a screen reader hears the result alone

  /** @type {Everycase.PredictState} */
  const state = { data: null, model: null, number: 0, fresh: false, replace: false };
  let wanted = ""; // the version that the server was asked for
  const pending = { frame: 0, announcement: 0, turn: 0 }; // of timers, the last one
  /** @type {IntersectionObserver | undefined} */
  let answerInSight;

  /** The model in the page; for what runs only when there is one. */
  const loaded = () => /** @type {Everycase.Model} */ (state.model);

  /** @type {Everycase.PredictCallbacks["update"]} */
  function update(checked, data, ids) {
    if (!data) {
      ready();
      settle();
      return null;
    }
    const names = ids.map((id) => id.name);
    if (
      names.length !== data.features.length ||
      names.some((name) => !data.features.includes(name))
    ) {
      return null; // the switches of the version before; the new ones call again
    }
    if (data !== state.data) load(data);
    const on = new Set(names.filter((_, i) => checked[i]));
    show(cases.caseOf(loaded().names, on));
    return state.number;
  }

  // Handled here first, a click (also by the space key) shows the number before React and Dash have
  // handled it; `update` then has nothing left to do.
  document.addEventListener(
    "click",
    (event) => {
      if (!state.model || !closest(event, "#predict-switches input")) return;
      /** @type {NodeListOf<HTMLInputElement>} */
      const inputs = document.querySelectorAll("#predict-switches input");
      const checked = [...inputs].filter((input) => input.checked);
      const on = new Set(checked.map((input) => input.getAttribute("aria-label") ?? ""));
      show(cases.caseOf(state.model.names, on));
    },
    true,
  );

  /** @param {Everycase.ServedTable} data */
  function load(data) {
    state.data = data;
    state.model = tables.modelOf(data);
    document.documentElement.classList.remove("ec-loading");
    page.markChampion(data.champion);
    setProps("version-picker", { value: data.version });
    around.modeControls();
    const host = byId("predict-map");
    if (host) map.load(host, state.model, jumpTo);
    around.examples();
    watchAnswer();
    state.fresh = true;
  }

  /** On narrow screens the number stays in sight when its card has scrolled away. */
  function watchAnswer() {
    const place = byId("probability");
    answerInSight?.disconnect();
    answerInSight = new IntersectionObserver(([entry]) => {
      const above = !entry.isIntersecting && entry.boundingClientRect.bottom < 0;
      document.documentElement.classList.toggle("ec-scrolled", above);
    });
    if (place) answerInSight.observe(place);
  }

  /** @param {number} number */
  function show(number) {
    if (number === state.number && !state.fresh) return;
    state.number = number;
    map.select(number); // at once: the next arrow key steps from here
    writeProbability(loaded().scores[number]);
    window.everycase.record.reset(); // the recorded case is no longer the one on the page
    cancelAnimationFrame(pending.frame);
    pending.frame = requestAnimationFrame(draw);
    setTimeout(window.everycase.predictAddress.write); // the browser takes its time over an address
  }

  function drawFlips() {
    const { scores, names } = loaded();
    const html = answer.flipBars([...cases.flips(scores, state.number)]);
    /** @type {NodeListOf<HTMLElement>} */
    const places = document.querySelectorAll("#predict-switches [data-flip]");
    for (const place of places) place.innerHTML = html[names.indexOf(place.dataset.flip ?? "")];
  }

  /** @param {number} score */
  function writeProbability(score) {
    const place = byId("probability");
    if (!place) return;
    if (!place.firstChild) {
      place.innerHTML = `<span class="ec-number"></span><span class="ec-unit">${F.NBSP}%</span>`;
    }
    /** @type {ChildNode} */ (place.firstChild).textContent = F.number(score);
    fill(
      "predict-sticky",
      `<strong>${F.percent(score)}</strong><span>${F.safe(loaded().version)}</span>`,
    );
    clearTimeout(pending.announcement);
    pending.announcement = setTimeout(() => fill("predict-said", F.percent(score)), ANNOUNCED);
  }

  /** Draw the answer in this frame; what explains it in tasks of its own, so that none is long. */
  function draw() {
    const model = loaded();
    const { number } = state;
    ready(); // before anything is measured: what is hidden has no width
    drawFlips();
    fill("predict-relative", answer.relative(model, number));
    fill("predict-scale", answer.scale(model, number));
    fill("predict-support", answer.support(model, number));
    /** @type {NodeListOf<HTMLElement>} */
    const chips = document.querySelectorAll("#predict-examples button");
    for (const chip of chips) {
      chip.setAttribute("aria-pressed", String(Number(chip.dataset.case) === number));
    }
    inTurn([drawCharts, drawMap, around.mapSide, settle]);
  }

  /** Run each in a task of its own, unless others are to be run before they are done. @param {(() => void)[]} tasks */
  function inTurn([first, ...others]) {
    clearTimeout(pending.turn);
    pending.turn = setTimeout(() => {
      first();
      if (others.length) inTurn(others);
    });
  }

  function drawMap() {
    if (state.fresh) map.drawCells();
    else map.drawMarks();
    state.fresh = false;
  }

  function drawCharts() {
    const hosts = [byId("predict-why"), byId("predict-versions")];
    const widths = hosts.map((host) => (host ? Math.max(240, host.clientWidth) : 0)); // all, then draw
    [waterfall, versions].forEach((chart, i) => {
      const host = hosts[i];
      if (host) host.innerHTML = chart.draw(loaded(), state.number, widths[i]);
    });
  }

  const onPage = () => Boolean(state.model && page.isOpen("predict"));

  /* ---- choosing a case or a version ---- */

  /** @type {Everycase.Jump} */
  function jumpTo(number, options) {
    state.replace = Boolean(options?.replace);
    if (number === state.number && !state.fresh) return;
    show(number);
    setProps("predict-jump", {
      data: { on: cases.owned(loaded().names, number), at: performance.now() },
    });
  }

  /** @type {Everycase.PredictCallbacks["jump"]} */
  function jump(target, ids) {
    const on = new Set(target.on);
    return ids.map((id) => on.has(id.name));
  }

  /** Ask the server for a version's tables. @param {string} version @param {string[]} on */
  function request(version, on) {
    wanted = version;
    document.documentElement.classList.add("ec-loading");
    const shown = { features: loaded().names, answer: loaded().words.answer };
    setProps("predict-request", { data: { version, on, shown, at: performance.now() } });
  }

  /** Show another version: at once if its tables are here. @param {string} version @param {string[]} on */
  function change(version, on) {
    const data = state.data && tables.held(state.data, version);
    if (!data) {
      request(version, on);
      return;
    }
    load(data);
    show(cases.caseOf(data.features, new Set(on)));
    setProps("predict-table", { data });
    setProps("predict-problems", { children: [] });
  }

  // What was asked for didn't come: the controls go back to what is displayed.
  requests.onRefusal("predict-table", (reason) => {
    document.documentElement.classList.remove("ec-loading");
    const { version, champion } = loaded();
    setProps("version-picker", { value: version });
    page.markChampion(champion);
    window.everycase.predictAddress.forget();
    return `${wanted} can't be shown: ${reason}. This is still ${version}.`;
  });

  /** @type {Everycase.PredictCallbacks["pick"]} */
  function pick(version) {
    const { model } = state;
    if (!version || !model || !page.isOpen("predict") || version === model.version) return;
    change(version, cases.owned(model.names, state.number));
  }

  /**
   * The list of versions changed: ask again, as one was added, replaced, removed, or (un)made champion.
   * @type {Everycase.PredictCallbacks["follow"]}
   */
  function follow(options) {
    if (!options) return;
    const { data, model } = state;
    if (!data || !model) {
      const isServed = options.some((o) => !o.disabled);
      if (isServed && page.isOpen("predict")) location.reload();
      return;
    }
    if (tables.isCurrent(data, options)) return;
    const current = options.find((o) => o.value === model.version);
    if (current?.status === "preparing") return;
    request(model.version, cases.owned(model.names, state.number));
  }

  /** @type {Everycase.PredictCallbacks["requestScores"]} */
  function requestScores(contents, data) {
    if (!contents || !data) return window.dash_clientside.no_update;
    return { version: data.version, at: performance.now() };
  }

  /** @type {Everycase.PredictCallbacks["clear"]} */
  function clear(clicks) {
    if (clicks) jumpTo(0);
  }

  /**
   * A case as frequent as it was in training; without counts, any.
   * @type {Everycase.PredictCallbacks["random"]}
   */
  function random(clicks) {
    if (!clicks || !state.model) return;
    const { n, scores, total } = state.model;
    if (!n) {
      jumpTo(Math.floor(Math.random() * scores.length));
      return;
    }
    let left = Math.random() * total;
    jumpTo(
      n.findIndex((count) => {
        left -= count;
        return left < 0;
      }),
    );
  }

  window.addEventListener("resize", () => {
    if (!onPage()) return;
    cancelAnimationFrame(pending.frame);
    pending.frame = requestAnimationFrame(draw);
  });
  /** Canvases don't follow CSS by themselves. */
  function recolour() {
    if (onPage() && state.model) map.drawCells();
  }
  page.onSchemeChange(recolour);
  window.everycase.print.on(recolour);

  window.dash_clientside.everycasePredict = {
    clear,
    follow,
    jump,
    mapMode: around.mapMode,
    pick,
    random,
    requestScores,
    update,
  };
  window.everycase.predict = { change, jumpTo, state };
  around.connect(window.everycase.predict);
})();
