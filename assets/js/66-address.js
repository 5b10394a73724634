/* The address holds what is chosen on an analyst's page: a control changes the address, and Dash's
 * router redraws the page.
 *
 * Offers everycase.address. */
(() => {
  "use strict";

  const { cases } = window.everycase;

  /** @param {URLSearchParams} query */
  const text = (query) => query.toString().replace(/%2C/g, ",");

  /**
   * To this page with another query.
   * @param {URLSearchParams} query @param {boolean} [replace] the last step of the history
   */
  function go(query, replace) {
    const address = location.pathname + (query.size ? `?${text(query)}` : "");
    if (address === location.pathname + location.search) return;
    document.documentElement.classList.add("ec-waiting");
    window.everycase.visit(address, replace);
  }

  /**
   * Put a value in, unless it is the default.
   * @param {URLSearchParams} query @param {string} name
   * @param {string | number | null | undefined} value @param {string} [standard]
   */
  function put(query, name, value, standard) {
    const written = String(value ?? "");
    if (written === "" || written === standard) query.delete(name);
    else query.set(name, written);
  }

  /** The last so many days. @param {URLSearchParams} query @param {string} days @param {string} standard */
  function putDays(query, days, standard) {
    query.delete("from");
    query.delete("to");
    put(query, "days", days, standard);
  }

  /** @param {URLSearchParams} query @param {string[]} dates from and to */
  function putDates(query, [from, to]) {
    query.delete("days");
    query.set("from", from);
    query.set("to", to);
  }

  /** The ids of the controls that called a clientside callback. */
  const triggered = () =>
    window.dash_clientside.callback_context.triggered.map((t) => t.prop_id.split(".")[0]);

  /**
   * The address of a case in Predict, answered by a version.
   * @param {string[]} names of all inputs @param {number} number of the case @param {string} version
   */
  function caseAddress(names, number, version) {
    const query = cases.owned(names, number).map((name) => `${encodeURIComponent(name)}=1`);
    return `/?${[...query, `version=${encodeURIComponent(version)}`].join("&")}`;
  }

  /**
   * Open the case that was pressed in a figure in Predict.
   * @param {Everycase.PlotlyClick} event @param {string[]} names @param {string} version
   */
  function openCase(event, names, version) {
    const point = event.points?.find((p) => Number.isInteger(p.customdata));
    if (!point) return;
    location.assign(caseAddress(names, /** @type {number} */ (point.customdata), version));
  }

  window.everycase.address = { caseAddress, go, openCase, put, putDates, putDays, text, triggered };
})();
