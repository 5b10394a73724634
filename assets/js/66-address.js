/* Everycase in the browser, part 7b: the address holds what is chosen on an analyst's page.

   A control changes the address, and Dash's router draws the page anew. */
(function () {
  "use strict";

  const text = (query) => query.toString().replace(/%2C/g, ",");

  /** to this page with another query, as a step in the history or in place of the last */
  function go(query, replace) {
    const wanted = location.pathname + (query.size ? `?${text(query)}` : "");
    if (wanted === location.pathname + location.search) return;
    document.documentElement.classList.add("ec-waiting");
    window.everycase.visit(wanted, replace);
  }

  /** a value, unless it is the usual one */
  function put(query, name, value, usual) {
    if (value === undefined || value === null || value === "" || String(value) === usual)
      query.delete(name);
    else query.set(name, value);
  }

  /** the last so many days */
  function putDays(query, days, usual) {
    query.delete("from");
    query.delete("to");
    put(query, "days", days, usual);
  }

  function putDates(query, [from, to]) {
    query.delete("days");
    query.set("from", from);
    query.set("to", to);
  }

  /** the controls that called a clientside callback, by id */
  const triggered = () =>
    window.dash_clientside.callback_context.triggered.map((t) => t.prop_id.split(".")[0]);

  /** a case in a map opens in Predict */
  function openCase(event, names, version) {
    const point = event.points && event.points.find((p) => Number.isInteger(p.customdata));
    if (!point) return;
    const owned = names.filter((_, i) => (point.customdata >> i) & 1);
    const query = owned.map((name) => `${encodeURIComponent(name)}=1`);
    location.assign("/?" + [...query, `version=${encodeURIComponent(version)}`].join("&"));
  }

  window.everycase = window.everycase || {};
  window.everycase.address = { text, go, put, putDays, putDates, triggered, openCase };
})();
