/* Everycase in the browser, part 6: the frame around the pages. */
(function () {
  "use strict";

  const YEAR = 365 * 24 * 3600;

  /** light <-> dark; kept in a cookie, so that the server's first paint has the right one */
  function toggleTheme() {
    const root = document.documentElement;
    const next = root.getAttribute("data-mantine-color-scheme") === "dark" ? "light" : "dark";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `everycase-theme=${next}; Max-Age=${YEAR}; Path=/; SameSite=Lax${secure}`;
    return next;
  }

  // The list of versions is asked for anew when somebody is about to read it.
  for (const kind of ["focusin", "click"]) {
    document.addEventListener(kind, (event) => {
      if (event.target.id !== "version-picker") return;
      window.dash_clientside.set_props("shell-refresh", { data: performance.now() });
    });
  }

  /* The picker's options: name, what is wrong with it, and the champion's badge. */
  const functions = (window.dashMantineFunctions = window.dashMantineFunctions || {});
  functions.versionOption = function ({ option, checked }) {
    const element = window.React.createElement;
    const badge = option.champion
      ? element(
          "span",
          { className: "ec-badge ec-shown" },
          element("span", { className: "ec-icon ec-icon-star" }),
          "champion",
        )
      : null;
    const note = option.note ? element("span", { className: "ec-option-note" }, option.note) : null;
    return element(
      "span",
      { className: `ec-option ec-option-${option.status}${checked ? " ec-option-checked" : ""}` },
      element("span", { className: "ec-option-name" }, option.label, badge),
      note,
    );
  };

  /** mark the page that is open in the navigation */
  function markPage(path) {
    document.querySelectorAll("a.ec-nav-link").forEach((link) => {
      if (new URL(link.href).pathname === path) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    return path;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.everycase = { markPage, toggleTheme };
})();
