/* Puts in what people press around the map and under the switches, and answers the presses.
 *
 * Offers everycase.around: connect, examples, mapMode, mapSide, modeControls. */
(() => {
  "use strict";

  const { map, side } = window.everycase;
  const { byId, closest, fill, setProps } = window.everycase.page;
  const F = window.everycase.format;
  /** Of the Predict page, which connects itself. @type {{state: Everycase.PredictState, jumpTo: Everycase.Jump}} */
  let predict;

  /** The model in the page; these functions run once there is one. */
  const model = () => /** @type {Everycase.Model} */ (predict.state.model);

  function examples() {
    const host = byId("predict-examples");
    if (!host) return;
    host.innerHTML = side
      .examples(model())
      .map(
        ({ label, number }) =>
          `<button type="button" class="ec-chip" data-case="${number}">${F.safe(label)}</button>`,
      )
      .join("");
    host.onclick = (event) => {
      const chip = closest(event, "button");
      if (chip) predict.jumpTo(Number(chip.dataset.case));
    };
  }

  /** @param {string} mode @param {boolean} unseen */
  function mapMode(mode, unseen) {
    map.mode(mode, unseen);
    if (!predict.state.model || !byId("predict-map")) return;
    map.drawCells();
    mapSide();
  }

  function modeControls() {
    if (!byId("map-mode")) return;
    const blocked = side.blocked(model());
    setProps("map-mode", {
      data: [
        { value: "probability", label: "Probability" },
        {
          value: "training",
          label: `Training ${model().words.people}`,
          disabled: Boolean(blocked.training),
        },
        { value: "champion", label: "Against champion", disabled: Boolean(blocked.champion) },
      ],
      ...(blocked.training || blocked.champion ? { value: "probability" } : {}),
    });
    fill("predict-map-note", Object.values(blocked).filter(Boolean).map(F.safe).join(" "));
  }

  function mapSide() {
    const { number } = predict.state;
    fill("predict-story", side.story(model(), number));
    fill("predict-map-legend", side.legend(model(), number, map.measure()));
    fill("predict-cell", side.cell(model(), number));
    const list = byId("predict-highest");
    if (!list) return;
    list.innerHTML = side.highest(model(), number);
    list.onclick = (event) => {
      const row = closest(event, "[data-case]");
      if (row) predict.jumpTo(Number(row.dataset.case));
    };
  }

  /** Name the page that these belong to. @param {typeof predict} page */
  function connect(page) {
    predict = page;
  }

  window.everycase.around = { connect, examples, mapMode, mapSide, modeControls };
})();
