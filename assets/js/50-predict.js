/* Everycase in the browser, part 5: the Predict page.
 *
 * `update` is called by Dash at every flip and whenever the server delivers a version's tables.
 * It writes the probability at once, the drawings in the next frame, and the address bar; it asks
 * the server for nothing. The state is the model in the page and the case shown. */
(function () {
  "use strict";

  const { around, cases, charts, map } = window.everycase;
  const F = window.everycase.format;
  const state = {
    data: null,
    model: null,
    number: 0,
    frame: 0,
    replace: false,
    restoring: null,
    said: 0,
    turn: 0,
  };
  const byId = (id) => document.getElementById(id);

  function setProps(id, props) {
    window.dash_clientside.set_props(id, props);
  }

  function fill(id, html) {
    const element = byId(id);
    if (element) element.innerHTML = html;
  }

  /** the server's table -> what the drawings work with */
  function modelOf(data) {
    const n = data.n && cases.integers(data.n);
    const positives = data.positives && cases.integers(data.positives);
    const scores = cases.doubles(data.scores);
    const total = n ? cases.sumOf(n) : 0;
    return {
      version: data.version,
      champion: data.champion,
      names: data.features,
      words: data.words,
      scores,
      n,
      positives,
      total,
      base: n ? cases.sumOf(positives) / total : NaN,
      others: data.others.map((o) => ({ ...o, scores: o.scores && cases.doubles(o.scores) })),
    };
  }

  function update(checked, data, ids) {
    if (!data) {
      ready();
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
    show(cases.caseOf(state.model.names, on));
    return state.number;
  }

  // A click has toggled the switch before anyone hears of it (space on it is a click, too). Heard
  // here first, the number is there before React and Dash come to it; `update` finds it done.
  document.addEventListener(
    "click",
    (event) => {
      if (!state.model || !event.target.matches("#predict-switches input")) return;
      const inputs = [...document.querySelectorAll("#predict-switches input")];
      const on = new Set(
        inputs.filter((input) => input.checked).map((input) => input.getAttribute("aria-label")),
      );
      show(cases.caseOf(state.model.names, on));
    },
    true,
  );

  function load(data) {
    state.data = data;
    state.model = modelOf(data);
    document.documentElement.classList.remove("ec-loading");
    const badge = byId("picker-champion");
    if (badge) badge.classList.toggle("ec-shown", data.champion);
    setProps("version-picker", { value: data.version });
    around.modeControls();
    if (byId("predict-map")) map.load(byId("predict-map"), state.model, jumpTo);
    around.examples();
    watchAnswer();
    state.fresh = true;
  }

  /** on narrow screens the number stays in sight when its card has scrolled away */
  function watchAnswer() {
    const place = byId("probability");
    if (state.watched) state.watched.disconnect();
    state.watched = new IntersectionObserver(([seen]) => {
      const above = !seen.isIntersecting && seen.boundingClientRect.bottom < 0;
      document.documentElement.classList.toggle("ec-scrolled", above);
    });
    if (place) state.watched.observe(place);
  }

  function show(number) {
    if (number === state.number && !state.fresh) return;
    state.number = number;
    map.select(number); // at once: the next arrow key steps from here
    writeProbability(state.model.scores[number]);
    window.everycase.record.reset(); // what was recorded is not what is shown any more
    cancelAnimationFrame(state.frame);
    state.frame = requestAnimationFrame(draw);
    setTimeout(address); // the browser takes its time over a new address
  }

  function drawFlips() {
    const { model, number } = state;
    const html = charts.flipBars(model, [...cases.flips(model.scores, number)]);
    const places = document.querySelectorAll("#predict-switches [data-flip]");
    places.forEach((place) => (place.innerHTML = html[model.names.indexOf(place.dataset.flip)]));
  }

  function writeProbability(score) {
    const place = byId("probability");
    if (!place) return;
    if (!place.firstChild) {
      place.innerHTML = `<span class="ec-number"></span><span class="ec-unit">${F.NBSP}%</span>`;
    }
    place.firstChild.textContent = F.number(score);
    fill(
      "predict-sticky",
      `<strong>${F.percent(score)}</strong><span>${F.safe(state.model.version)}</span>`,
    );
    clearTimeout(state.said);
    state.said = setTimeout(() => fill("predict-said", F.percent(score)), 600);
  }

  /** the answer in this frame; what explains it in tasks of its own, so that none is long */
  function draw() {
    const { model, number } = state;
    ready(); // before anything is measured: what is hidden has no width
    drawFlips();
    fill("predict-relative", charts.relative(model, number));
    fill("predict-scale", charts.scale(model, number));
    fill("predict-support", charts.support(model, number));
    document.querySelectorAll("#predict-examples button").forEach((chip) => {
      chip.setAttribute("aria-pressed", String(Number(chip.dataset.case) === number));
    });
    inTurn([drawCharts, drawMap, around.mapSide]);
  }

  /** run each in a task of its own, unless others are to be run before they are done */
  function inTurn([first, ...others]) {
    clearTimeout(state.turn);
    state.turn = setTimeout(() => {
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
    const widths = hosts.map((host) => host && Math.max(240, host.clientWidth)); // all, then draw
    [charts.why, charts.versions].forEach((chart, i) => {
      if (hosts[i]) hosts[i].innerHTML = chart(state.model, state.number, widths[i]);
    });
  }

  /** the page has drawn itself: the first paint may go */
  function ready() {
    document.documentElement.dataset.ready = "1";
  }

  /* ---- address bar, back and forward ---- */

  function search() {
    const { model, number } = state;
    if (number === 0 && model.champion) return "";
    const on = cases.owned(model.names, number).map((name) => `${encodeURIComponent(name)}=1`);
    return "?" + [...on, `version=${encodeURIComponent(model.version)}`].join("&");
  }

  function address() {
    const wanted = search();
    const replace = state.replace;
    state.replace = false;
    if (state.restoring && performance.now() < state.restoring.until) {
      if (wanted === state.restoring.search) state.restoring = null;
      return; // on the way to what back or forward asked for
    }
    const first = state.shownBefore !== true;
    state.shownBefore = true;
    if (first || wanted === location.search) return; // a link stays as it was sent until a change
    history[replace ? "replaceState" : "pushState"](null, "", location.pathname + wanted);
  }

  function onPage() {
    return Boolean(state.model && document.querySelector('[data-page="predict"]'));
  }

  /** bring the page to what the address bar says */
  function restore() {
    const query = new URLSearchParams(location.search);
    const champion = state.model.others.find((o) => o.champion);
    const version = query.get("version") || (champion ? champion.version : state.model.version);
    const on = new Set([...query].filter(([, value]) => value === "1").map(([name]) => name));
    state.restoring = { search: location.search, until: performance.now() + 3000 };
    jumpTo(cases.caseOf(state.model.names, on));
    if (version !== state.model.version) request(version, [...on]);
    else address();
  }

  // Dash's router would ask the server for the whole page again; here nothing needs it.
  window.addEventListener(
    "popstate",
    (event) => {
      if (!onPage() || location.pathname !== state.path) return;
      event.stopImmediatePropagation();
      restore();
    },
    true,
  );
  window.addEventListener("_dashprivate_pushstate", () => {
    if (onPage() && location.pathname === state.path) restore();
  });
  state.path = location.pathname;

  /* ---- choosing a case or a version ---- */

  function jumpTo(number, options) {
    state.replace = Boolean(options && options.replace);
    if (number === state.number && !state.fresh) return;
    const { restoring, model } = state;
    show(number);
    state.restoring = restoring;
    setProps("predict-jump", {
      data: { on: cases.owned(model.names, number), at: performance.now() },
    });
  }

  function jump(target, ids) {
    const on = new Set(target.on);
    return ids.map((id) => on.has(id.name));
  }

  function request(version, on) {
    document.documentElement.classList.add("ec-loading");
    setProps("predict-request", { data: { version, on, at: performance.now() } });
  }

  function pick(version) {
    if (!version || !onPage() || version === state.model.version) return;
    request(version, cases.owned(state.model.names, state.number));
  }

  /** the list of versions changed: ask anew for one that was replaced, removed, or (un)made champion */
  function follow(options) {
    if (!options) return;
    if (!state.model) {
      const first = options.find((o) => !o.disabled);
      if (first && document.querySelector('[data-page="predict"]')) location.reload();
      return;
    }
    const current = options.find((o) => o.value === state.model.version);
    if (current && current.digest === state.data.digest && current.champion === state.data.champion)
      return;
    if (current && current.status === "preparing") return;
    request(state.model.version, cases.owned(state.model.names, state.number));
  }

  function clear(clicks) {
    if (clicks) jumpTo(0);
  }

  /** a player as they came in training; without counts, any */
  function random(clicks) {
    if (!clicks || !state.model) return;
    const { n, scores, total } = state.model;
    if (!n) {
      jumpTo(Math.floor(Math.random() * scores.length));
      return;
    }
    let left = Math.random() * total;
    jumpTo(n.findIndex((count) => (left -= count) < 0));
  }

  window.addEventListener("resize", () => {
    if (!onPage()) return;
    cancelAnimationFrame(state.frame);
    state.frame = requestAnimationFrame(draw);
  });
  new MutationObserver(() => {
    if (onPage()) map.drawCells(); // canvases don't follow CSS by themselves
  }).observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.everycasePredict = {
    clear,
    follow,
    jump,
    mapMode: around.mapMode,
    pick,
    random,
    update,
  };
  window.everycase.predict = { fill, jumpTo, setProps, state };
  around.connect(window.everycase.predict);
})();
