/* The dialog of the Models page that shows the evidence and promotes, or rolls back.
 *
 * Offers everycase.promotion: isOpen, reset. A link opens it, too. */
(() => {
  "use strict";

  const { models, requests, server, toast } = window.everycase;
  const { byId, closest, markBusy, setProps } = window.everycase.page;
  const LATE = 8000; // ms after which the evidence should have come
  /** The version and the action that the dialog is about. @type {Everycase.PromotionRequest | null} */
  let request = null;
  let isBusy = false;
  let isShown = false;
  /** What asked for the dialog. @type {Element | null} */
  let opener = null;

  /** @param {string} id */
  const input = (id) => /** @type {HTMLInputElement | null} */ (byId(id));

  /** @param {HTMLElement} button */
  function open(button) {
    const version = button.dataset.promote ?? "";
    opener = button;
    markBusy(opener);
    askFor(version, button.dataset.back !== undefined);
  }

  /** Have the dialog opened. @param {string} version @param {boolean} isBack @param {string} [reason] */
  function askFor(version, isBack, reason = "") {
    request = { version, action: isBack ? "roll back" : "promote" };
    models.note({ promote: isBack ? null : version, back: isBack ? version : null });
    setProps("models-reason", { value: reason });
    setProps("models-override", { checked: false });
    setProps("models-asked", { data: { ...request, at: performance.now() } });
    setTimeout(() => {
      if (!isShown && request)
        models.announce(`The evidence couldn't be loaded: ${server.UNREACHABLE}. Try again.`);
    }, LATE);
  }

  requests.onRefusal("models-dialog", (reason) => {
    markBusy(opener, false);
    forget();
    const text = `The evidence couldn't be loaded: ${reason}. Try again.`;
    models.announce(text);
    return text;
  });

  /** Say it where the page says things, and over it with the way back. @param {string} said @param {string} version @param {string | null} before */
  function sayPromoted(said, version, before) {
    models.again(said, "#models-said");
    if (!before) return;
    const run = () => askFor(before, true, `The promotion of ${version} was a mistake.`);
    toast.show("promotion", said, { action: { text: "Roll back", run }, time: 20000 });
  }

  function close() {
    setProps("models-dialog", { opened: false });
  }

  /** The dialog has closed. */
  function forget() {
    if (!request) return;
    request = null;
    models.note({ promote: null, back: null });
  }

  /** True if there is a reason, the override where one is needed, and the right to do it. */
  function isReady() {
    const reason = input("models-reason");
    const box = input("models-override");
    if (!reason || !box || !models.state.data?.may || isBusy) return false;
    /** @type {HTMLElement | null} */
    const place = box.closest(".ec-override");
    const isNeeded = place?.style.display !== "none";
    return reason.value.trim() !== "" && (!isNeeded || box.checked);
  }

  function updateButton() {
    const button = /** @type {HTMLButtonElement | null} */ (byId("models-confirm"));
    if (!button) return;
    button.disabled = !isReady();
    markBusy(button, isBusy);
  }

  async function confirm() {
    const { data } = models.state;
    if (!isReady() || !request || !data) return;
    isBusy = true;
    updateButton();
    const body = {
      ...request,
      champion: data.champion,
      reason: input("models-reason")?.value,
      override: input("models-override")?.checked,
    };
    try {
      const answer = await models.ask("/page/models/promote", body);
      const { action, version } = request;
      close();
      forget();
      sayPromoted(answer.said, version, action === "promote" ? data.champion : null);
    } catch (error) {
      const reason = /** @type {Error} */ (error).message;
      setProps("models-dialog-problem", { children: `Nothing was changed: ${reason}.` });
    }
    isBusy = false;
    updateButton();
  }

  // Mantine shows and hides the dialog by itself; the buttons in it follow what is typed.
  new MutationObserver(() => {
    if (!models.onPage()) return;
    const isThere = Boolean(byId("models-confirm"));
    if (!isThere && isShown) forget();
    if (isThere && !isShown) markBusy(opener, false);
    isShown = isThere;
    if (isThere) updateButton();
  }).observe(document.documentElement, { subtree: true, childList: true });

  document.addEventListener("click", (event) => {
    if (!models.onPage()) return;
    const button = closest(event, "[data-promote]");
    if (button instanceof HTMLButtonElement && !button.disabled) open(button);
    if (closest(event, "#models-cancel")) close();
    if (closest(event, "#models-confirm")) confirm();
  });
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      if (closest(event, "#models-reason, #models-override")) updateButton();
    });
  }

  window.everycase.promotion = {
    isOpen: () => isShown,
    /** The page was redrawn: take the request of its address. @param {Everycase.PromotionRequest | null} linked */
    reset(linked) {
      request = linked;
    },
  };
})();
