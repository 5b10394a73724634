/* Everycase in the browser, part 11: the Models page.

   Everybody may open the dialog with the evidence by its link; what changes something is asked of
   /page/models, which refuses those who may not. */
(function () {
  "use strict";

  const { figures } = window.everycase;
  const WAIT = 20000; // ms
  const LATE = 8000;
  const AWAY = "the server can't be reached";
  const SIGNED_OUT = "you are signed out: sign in again";
  const state = {
    data: null,
    asked: null,
    said: "",
    focus: null,
    busy: false,
    left: null,
    shown: false,
    away: false,
  };
  const byId = (id) => document.getElementById(id);

  function onPage() {
    return (
      location.pathname === "/models" && Boolean(document.querySelector('[data-page="models"]'))
    );
  }

  function setProps(id, props) {
    window.dash_clientside.set_props(id, props);
  }

  /** the address, without the page being drawn anew: a dialog and a filter are states, too */
  function note(changes) {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
  }

  /** the server's answer; throws an Error that says why there is none */
  async function ask(path, body) {
    let response, answer;
    try {
      response = await fetch(path, {
        method: body ? "POST" : "GET",
        headers: body ? { "Content-Type": "application/json" } : {},
        body: body ? JSON.stringify(body) : undefined,
        signal: AbortSignal.timeout(WAIT),
      });
      answer = await response.json();
    } catch {
      throw new Error(AWAY);
    }
    if (response.status === 401) throw new Error(SIGNED_OUT);
    if (!response.ok) throw new Error((answer.error && answer.error.message) || AWAY);
    return answer;
  }

  /** what has the focus, as a selector that finds it on the page drawn anew */
  function spot() {
    const { id, dataset } = document.activeElement;
    for (const name of ["promote", "start", "cancel", "ledger"]) {
      if (dataset[name] !== undefined) return `[data-${name}="${CSS.escape(dataset[name])}"]`;
    }
    return id ? `#${CSS.escape(id)}` : null;
  }

  function focus(selector) {
    const element = selector && document.querySelector(selector);
    if (element) element.focus({ preventScroll: true });
  }

  /** the page anew, with something said on it, and the focus where it was or is wanted */
  function again(said, wanted) {
    state.said = said;
    state.focus = wanted || spot();
    setProps("shell-refresh", { data: performance.now() });
    setProps("_pages_location", { search: location.search }); // the router draws it, also the same
  }

  /* ---- the dialog ---- */

  function open(button) {
    const version = button.dataset.promote;
    const back = "back" in button.dataset;
    state.asked = { version, action: back ? "roll back" : "promote" };
    note({ promote: back ? null : version, back: back ? version : null });
    setProps("models-reason", { value: "" });
    setProps("models-override", { checked: false });
    setProps("models-asked", { data: { ...state.asked, at: performance.now() } });
    setTimeout(() => {
      if (!state.shown && state.asked) tell(`The evidence couldn't be loaded: ${AWAY}. Try again.`);
    }, LATE);
  }

  function close() {
    setProps("models-dialog", { opened: false });
  }

  function closed() {
    if (!state.asked) return;
    state.asked = null;
    note({ promote: null, back: null });
  }

  /** is what is asked for there: a reason, the override where one is needed, the right to do it? */
  function ready() {
    const reason = byId("models-reason");
    const box = byId("models-override");
    if (!reason || !box || !state.data || !state.data.may || state.busy) return false;
    const needed = box.closest(".ec-override").style.display !== "none";
    return reason.value.trim() !== "" && (!needed || box.checked);
  }

  function weigh() {
    const button = byId("models-confirm");
    if (button) button.disabled = !ready();
  }

  async function confirm() {
    if (!ready() || !state.asked) return;
    state.busy = true;
    weigh();
    const body = {
      ...state.asked,
      champion: state.data.champion,
      reason: byId("models-reason").value,
      override: byId("models-override").checked,
    };
    try {
      const answer = await ask("/page/models/promote", body);
      close();
      closed();
      again(answer.said, "#models-said");
    } catch (error) {
      setProps("models-dialog-problem", { children: `Nothing was changed: ${error.message}.` });
    }
    state.busy = false;
    weigh();
  }

  /** Mantine shows and hides the dialog by itself; the buttons in it follow what is typed */
  new MutationObserver(() => {
    if (!onPage()) return;
    const shown = Boolean(byId("models-confirm"));
    if (!shown && state.shown) closed();
    state.shown = shown;
    if (shown) weigh();
  }).observe(document.documentElement, { subtree: true, childList: true });

  /* ---- the ledger ---- */

  function choose(button) {
    const card = byId("models-ledger-card");
    card.classList.toggle("ec-only-promotions", button.dataset.ledger === "promotions");
    for (const other of card.querySelectorAll("[data-ledger]"))
      other.setAttribute("aria-pressed", other === button);
    note({ ledger: button.dataset.ledger });
  }

  document.addEventListener("click", (event) => {
    if (!onPage() || !event.target.closest) return;
    const chosen = event.target.closest("[data-ledger]");
    if (chosen) choose(chosen);
    const button = event.target.closest("[data-promote]");
    if (button && !button.disabled) open(button);
    if (event.target.closest("#models-cancel")) close();
    if (event.target.closest("#models-confirm")) confirm();
  });
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      if (["models-reason", "models-override"].includes(event.target.id)) weigh();
    });
  }

  /* ---- jobs: asked about once a second, and only while one is at work ---- */

  const PAUSE = 1000;
  let timer = 0;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  }

  async function look() {
    if (!onPage()) return;
    if (document.hidden || state.shown) return later(); // nobody looks, or somebody types a reason
    try {
      const { running, work } = await ask("/page/models/jobs");
      if (state.away) tell("");
      state.away = false;
      for (const [kind, text] of Object.entries(work)) update(byId(`models-work-${kind}`), text);
      if (!running) return ended();
    } catch (error) {
      state.away = true;
      tell(`Progress is unavailable: ${error.message}.`);
    }
    later();
  }

  /** nothing is at work any more; who had the focus on its Cancel gets the button that begins it */
  function ended() {
    again(byId("models-said").textContent, state.left);
    state.left = null;
  }

  function update(host, text) {
    if (!host || host.dataset.markup === text) return;
    const had = host.contains(document.activeElement) ? spot() : null;
    if (had) state.left = `[data-start="${host.id.replace("models-work-", "")}"]`;
    host.dataset.markup = text; // filled before the next frame
    if (had) requestAnimationFrame(() => focus(had));
  }

  function tell(text) {
    const host = byId("models-said");
    if (host) host.textContent = text;
  }

  async function command(button, path, body, wanted) {
    button.disabled = true;
    try {
      await ask(path, body);
      again("", wanted);
    } catch (error) {
      button.disabled = false;
      tell(`${error.message[0].toUpperCase()}${error.message.slice(1)}.`);
    }
  }

  document.addEventListener("click", (event) => {
    const button =
      onPage() && event.target.closest && event.target.closest("[data-start], [data-cancel]");
    if (!button || button.disabled) return;
    const { start, cancel } = button.dataset;
    if (start)
      command(button, "/page/models/start", { kind: start }, `#models-work-${start} [data-cancel]`);
    else
      command(
        button,
        "/page/models/cancel",
        { id: cancel },
        `#${button.closest("[data-job]").parentElement.id}`,
      );
  });
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.id === "models-jobs") note({ jobs: event.target.open ? "open" : null });
    },
    true,
  );

  /* ---- the page as a whole ---- */

  /** on a narrow screen with fewer days along the axis */
  function drawFigures() {
    if (!state.data || !state.data.figures) return;
    const narrow = matchMedia("(max-width: 640px)").matches;
    for (const { layout } of Object.values(state.data.figures))
      layout.xaxis.nticks = narrow ? 4 : 8;
    figures.drawAll(state.data.figures);
  }

  function draw(data) {
    document.documentElement.classList.remove("ec-waiting");
    state.data = data;
    if (!data) return performance.now();
    state.asked = data.asked;
    if (data.champion) setProps("version-picker", { value: data.champion });
    const badge = byId("picker-champion");
    if (badge) badge.classList.toggle("ec-shown", Boolean(data.champion));
    tell(state.said);
    if (state.focus) requestAnimationFrame(() => focus(state.focus));
    requestAnimationFrame(() => Object.assign(state, { said: "", focus: null }));
    if (data.running) later();
    else clearTimeout(timer);
    drawFigures();
    return performance.now();
  }

  new MutationObserver(() => {
    if (onPage()) drawFigures();
  }).observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.everycaseModels = { draw };
})();
