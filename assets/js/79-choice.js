/* The dialog of the Models page in which an administrator chooses a version's positive class.
 *
 * It is in the row of a version that needs a choice (webapp/pages/models/choice.py). */
(() => {
  "use strict";

  const { models } = window.everycase;
  const { closest, markBusy } = window.everycase.page;

  /** @param {HTMLElement} element */
  const dialogOf = (element) =>
    /** @type {HTMLDialogElement | null} */ (element.closest("[data-choice-of]"));

  /** @param {HTMLElement} button */
  function open(button) {
    const name = CSS.escape(button.dataset.choose ?? "");
    /** @type {HTMLDialogElement | null} */
    const dialog = document.querySelector(`[data-choice-of="${name}"]`);
    dialog?.showModal();
  }

  /** @param {HTMLElement} button */
  async function choose(button) {
    const dialog = dialogOf(button);
    if (!dialog) return;
    const buttons = dialog.querySelectorAll("button");
    const body = { version: dialog.dataset.choiceOf, positive: button.dataset.positive };
    for (const each of buttons) each.disabled = true;
    markBusy(button);
    try {
      const answer = await models.ask("/page/models/choose", body);
      dialog.close();
      models.again(answer.said, "#models-said");
    } catch (error) {
      const place = dialog.querySelector(".ec-choice-problem");
      const reason = /** @type {Error} */ (error).message;
      if (place) place.textContent = `Nothing was changed: ${reason}.`;
      for (const each of buttons) each.disabled = false;
      markBusy(button, false);
    }
  }

  document.addEventListener("click", (event) => {
    if (!models.onPage()) return;
    const opener = closest(event, "[data-choose]");
    if (opener instanceof HTMLButtonElement && !opener.disabled) open(opener);
    const positive = closest(event, "[data-positive]");
    if (positive) choose(positive);
    const cancel = closest(event, "[data-choice='cancel']");
    if (cancel) dialogOf(cancel)?.close();
  });
})();
