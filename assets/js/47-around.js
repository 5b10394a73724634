/* Everycase in the browser: what people press around the map and under the switches. */
(function () {
  "use strict";

  const { map } = window.everycase;
  const F = window.everycase.format;
  const byId = (id) => document.getElementById(id);
  let page = null; // {state, jumpTo, setProps, fill} of the Predict page

  function examples() {
    const { model } = page.state;
    const host = byId("predict-examples");
    if (!host) return;
    const chips = window.everycase.side.examples(model);
    host.innerHTML = chips
      .map(
        ([label, number]) =>
          `<button type="button" class="ec-chip" data-case="${number}">${F.safe(label)}</button>`,
      )
      .join("");
    host.onclick = (event) => {
      const chip = event.target.closest("button");
      if (chip) page.jumpTo(Number(chip.dataset.case));
    };
  }

  function mapMode(mode, unseen) {
    map.mode(mode, unseen);
    if (!page.state.model || !byId("predict-map")) return;
    map.drawCells();
    mapSide();
  }

  function modeControls() {
    const { model } = page.state;
    const control = byId("map-mode");
    const blocked = window.everycase.side.blocked(model);
    if (!control) return;
    page.setProps("map-mode", {
      data: [
        { value: "probability", label: "Probability" },
        {
          value: "training",
          label: `Training ${model.words.people}`,
          disabled: Boolean(blocked.training),
        },
        { value: "champion", label: "Against champion", disabled: Boolean(blocked.champion) },
      ],
      ...(blocked.training || blocked.champion ? { value: "probability" } : {}),
    });
    page.fill("predict-map-note", Object.values(blocked).filter(Boolean).map(F.safe).join(" "));
  }

  function mapSide() {
    const { model, number } = page.state;
    const side = window.everycase.side;
    page.fill("predict-map-legend", side.legend(model, number, map.measure()));
    page.fill("predict-cell", side.cell(model, number));
    const list = byId("predict-highest");
    if (!list) return;
    list.innerHTML = side.highest(model, number);
    list.onclick = (event) => {
      const row = event.target.closest("[data-case]");
      if (row) page.jumpTo(Number(row.dataset.case));
    };
  }

  /** the page that these belong to */
  function connect(predict) {
    page = predict;
  }

  window.everycase.around = { connect, examples, mapMode, mapSide, modeControls };
})();
