/* "Record this prediction" on the Predict page, and then its outcome.
 *
 * Offers everycase.record: reset.
 * Each state of the page that is recorded has a request id of its own, so that a double click or a
 * try after a network fault is logged once. The server's receipt lets this page, and no other,
 * add the outcome, and undo both for an hour. Flipping asks nobody: it only leaves a recorded state behind. */
(() => {
  "use strict";

  const { cases, page, predict, server } = window.everycase;
  const { byId, closest } = page;
  const F = window.everycase.format;
  const WAIT = 15000; // ms; the server gives up on its log after 3 s
  const SHOWN = 500; // ms; the second click of a double click must not fall on what comes next
  let control = begin("");

  /** A state of the page that isn't recorded yet. @param {string} key @returns {Everycase.RecordControl} */
  function begin(key) {
    const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is absent on plain http
    const id = `form-${[...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")}`;
    return { key, id, phase: "idle", receipt: null, undo: null, outcome: "", problem: "" };
  }

  /** The page shows a case: start again unless it is the one recorded. */
  function reset() {
    const host = byId("predict-record");
    const { data, number } = predict.state;
    if (!host || !data) return;
    const key = `${data.version} ${data.digest} ${number}`;
    const isUnused = control.phase === "idle" && !control.problem;
    if (isUnused) control.key = key;
    else if (key !== control.key) control = begin(key);
    else if (host.firstChild) return;
    if (!isUnused || !host.firstChild) draw();
  }

  /**
   * @param {string} id @param {string} text @param {boolean} isBusy
   * @param {string} [className] @param {string} [icon]
   */
  function button(id, text, isBusy, className = "", icon = "") {
    const image = icon ? `<span class="ec-icon ec-icon-${icon}" aria-hidden="true"></span>` : "";
    return `<button type="button" id="${id}" class="ec-button ${className}" aria-disabled="${isBusy}">${image}${F.safe(text)}</button>`;
  }

  /** @param {boolean} isBusy */
  const undoButton = (isBusy) => button("record-undo", "Undo", isBusy, "ec-undo");

  /** @param {string} text */
  function confirmation(text) {
    return `<span class="ec-recorded" id="record-state" tabindex="-1"><span class="ec-icon ec-icon-check" aria-hidden="true"></span>${F.safe(text)}</span>`;
  }

  /** @param {Everycase.RecordControl} control @param {Everycase.Vocabulary} words */
  function content({ phase, outcome, undo }, words) {
    if (phase === "labelled" || phase === "unlabelling") {
      const text = `Recorded: ${outcome[0].toLowerCase()}${outcome.slice(1)}`;
      return confirmation(text) + (undo ? undoButton(phase === "unlabelling") : "");
    }
    if (phase === "recorded" || phase === "labelling" || phase === "unrecording") {
      const isBusy = phase !== "recorded";
      return (
        confirmation("Recorded") +
        button("record-bought", words.positive_answer, isBusy) +
        button("record-not-bought", words.negative_answer, isBusy) +
        undoButton(isBusy)
      );
    }
    const isBusy = phase === "recording";
    const text = isBusy ? "Recording…" : "Record this prediction";
    return button("record-prediction", text, isBusy, "ec-primary", "record");
  }

  function draw() {
    const host = byId("predict-record");
    if (!host || !predict.state.model) return;
    const hadFocus = host.contains(document.activeElement);
    const problem = control.problem
      ? `<p class="ec-record-problem">${F.safe(control.problem)}</p>`
      : "";
    host.dataset.phase = control.phase;
    host.innerHTML = host.dataset.closed
      ? '<a class="ec-caption" id="record-sign-in" href="/sign-in">Sign in to record</a>'
      : content(control, predict.state.model.words) + problem;
    if (hadFocus)
      (byId("record-state") ?? byId("record-prediction"))?.focus({ preventScroll: true });
  }

  /**
   * Go through one phase to the next, or back with the reason for the failure.
   * @param {Everycase.RecordPhase} busy @param {Everycase.RecordPhase} done
   * @param {(control: Everycase.RecordControl) => Promise<void>} act
   * @param {string} message when it is done
   */
  async function step(busy, done, act, message) {
    const mine = control;
    const before = mine.phase;
    Object.assign(mine, { phase: busy, problem: "" });
    draw();
    const pause = new Promise((resolve) => setTimeout(resolve, SHOWN));
    try {
      await act(mine);
      await pause;
      mine.phase = done;
    } catch (error) {
      const reason = /** @type {Error} */ (error).message;
      const what = busy.startsWith("un") ? "Not undone" : "Not recorded";
      const problem = `${what}: ${reason}. The form keeps predicting.`;
      Object.assign(mine, { phase: before, problem });
    }
    if (mine !== control) return; // the page shows another case by now
    draw();
    page.fill("predict-said", F.safe(mine.problem || message));
  }

  /** @param {Everycase.Model} model */
  function record({ names, version, words }) {
    const values = cases.bits(names, predict.state.number);
    const features = Object.fromEntries(names.map((name, i) => [name, values[i]]));
    step(
      "recording",
      "recorded",
      async (mine) => {
        const body = { version, features, request_id: mine.id };
        mine.receipt = (await server.ask("/page/record", WAIT, body)).receipt;
      },
      `Recorded. ${words.outcome_question}`,
    );
  }

  /** @param {Everycase.Model} model @param {0 | 1} value */
  function label({ words }, value) {
    const outcome = value ? words.positive_answer : words.negative_answer;
    step(
      "labelling",
      "labelled",
      async (mine) => {
        const body = { receipt: mine.receipt, label: value };
        mine.undo = (await server.ask("/page/label", WAIT, body)).undo ?? null;
        mine.outcome = outcome;
      },
      `Recorded: ${outcome}`,
    );
  }

  /** Take back the outcome, or the prediction, which is then another attempt. */
  function takeBack() {
    const { phase, undo, receipt } = control;
    if (phase === "labelled") {
      const act = async () => {
        await server.ask("/page/undo", WAIT, { undo });
      };
      step("unlabelling", "recorded", act, "The outcome was removed.");
    } else if (phase === "recorded") {
      const act = async (/** @type {Everycase.RecordControl} */ mine) => {
        await server.ask("/page/undo", WAIT, { receipt });
        mine.id = begin("").id;
      };
      step("unrecording", "idle", act, "The prediction was removed from the log.");
    }
  }

  document.addEventListener("click", (event) => {
    const way = closest(event, "#record-sign-in");
    const here = encodeURIComponent(location.pathname + location.search);
    if (way) way.setAttribute("href", `/sign-in?next=${here}`); // and back to this very state
    const { model } = predict.state;
    const pressed = closest(event, "#predict-record button");
    if (!pressed || !model) return;
    if (pressed.id === "record-prediction" && control.phase === "idle") record(model);
    if (pressed.id === "record-undo") takeBack();
    if (pressed.id === "record-bought" && control.phase === "recorded") label(model, 1);
    if (pressed.id === "record-not-bought" && control.phase === "recorded") label(model, 0);
  });

  window.everycase.record = { reset };
})();
