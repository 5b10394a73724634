/* Everycase in the browser: "Record this prediction", and then what came of it.
 *
 * Each state of the page that is recorded has a request id of its own, so that a double click or a
 * try after a network fault is logged once. The server's receipt lets this page, and no other,
 * say what came of it. Flipping asks nobody: a recorded state is only left behind. */
(function () {
  "use strict";

  const F = window.everycase.format;
  const predict = window.everycase.predict;
  const byId = (id) => document.getElementById(id);
  const WAIT = 15000; // ms; the server gives up on its log after 3 s
  const SHOWN = 500; // ms; the second click of a double click must not fall on what comes next
  const AWAY = "the server can't be reached";
  let control = begin("");

  /** phase: idle, recording, recorded, labelling or labelled */
  function begin(key) {
    const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is absent on plain http
    const id = "form-" + [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
    return { key, id, phase: "idle", receipt: null, outcome: "", problem: "" };
  }

  /** the page shows a case: begin anew unless it is the one recorded */
  function reset() {
    const host = byId("predict-record");
    if (!host) return;
    const { data, number } = predict.state;
    const key = `${data.version} ${data.digest} ${number}`;
    const unused = control.phase === "idle" && !control.problem;
    if (unused) control.key = key;
    else if (key !== control.key) control = begin(key);
    else if (host.firstChild) return;
    if (!unused || !host.firstChild) draw();
  }

  function button(id, text, className, busy, icon) {
    const image = icon ? `<span class="ec-icon ec-icon-${icon}" aria-hidden="true"></span>` : "";
    return `<button type="button" id="${id}" class="ec-button ${className}" aria-disabled="${busy}">${image}${F.safe(text)}</button>`;
  }

  function recorded(text) {
    return `<span class="ec-recorded" id="record-state" tabindex="-1"><span class="ec-icon ec-icon-check" aria-hidden="true"></span>${F.safe(text)}</span>`;
  }

  function content({ phase, outcome }, words) {
    if (phase === "labelled")
      return recorded(`Recorded: ${outcome[0].toLowerCase()}${outcome.slice(1)}`);
    if (phase === "recorded" || phase === "labelling") {
      const busy = phase === "labelling";
      return (
        recorded("Recorded") +
        button("record-bought", words.positive_answer, "", busy) +
        button("record-not-bought", words.negative_answer, "", busy)
      );
    }
    const busy = phase === "recording";
    return button(
      "record-prediction",
      busy ? "Recording…" : "Record this prediction",
      "ec-primary",
      busy,
      "record",
    );
  }

  function draw() {
    const host = byId("predict-record");
    if (!host || !predict.state.model) return;
    const focused = host.contains(document.activeElement);
    const problem = control.problem
      ? `<p class="ec-record-problem">${F.safe(control.problem)}</p>`
      : "";
    host.dataset.phase = control.phase;
    host.innerHTML = content(control, predict.state.model.words) + problem;
    if (focused) (byId("record-state") || byId("record-prediction")).focus({ preventScroll: true });
  }

  /** the server's answer; throws an Error that says why there is none */
  async function ask(path, body) {
    let response, answer;
    try {
      response = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(WAIT),
      });
      answer = await response.json();
    } catch {
      throw new Error(AWAY);
    }
    if (!response.ok) throw new Error((answer.error && answer.error.message) || AWAY);
    return answer;
  }

  /** from one phase over another to a third, or back with the reason why not */
  async function step(busy, done, act, said) {
    const mine = control;
    const before = mine.phase;
    Object.assign(mine, { phase: busy, problem: "" });
    draw();
    const shown = new Promise((resolve) => setTimeout(resolve, SHOWN));
    try {
      await act(mine);
      await shown;
      mine.phase = done;
    } catch (error) {
      Object.assign(mine, {
        phase: before,
        problem: `Not recorded: ${error.message}. The form keeps predicting.`,
      });
    }
    if (mine !== control) return; // another case is shown by now
    draw();
    predict.fill("predict-said", F.safe(mine.problem || said));
  }

  function record() {
    const { model, number } = predict.state;
    const features = Object.fromEntries(model.names.map((name, i) => [name, (number >> i) & 1]));
    step(
      "recording",
      "recorded",
      async (mine) => {
        const body = { version: model.version, features, request_id: mine.id };
        mine.receipt = (await ask("/page/record", body)).receipt;
      },
      `Recorded. ${model.words.outcome_question}`,
    );
  }

  function label(value) {
    const { words } = predict.state.model;
    const outcome = value ? words.positive_answer : words.negative_answer;
    step(
      "labelling",
      "labelled",
      async (mine) => {
        await ask("/page/label", { receipt: mine.receipt, label: value });
        mine.outcome = outcome;
      },
      `Recorded: ${outcome}`,
    );
  }

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest && event.target.closest("#predict-record button");
    if (!pressed) return;
    if (pressed.id === "record-prediction" && control.phase === "idle") record();
    if (pressed.id === "record-bought" && control.phase === "recorded") label(1);
    if (pressed.id === "record-not-bought" && control.phase === "recorded") label(0);
  });

  window.everycase.record = { reset };
})();
