/* The frame around the pages: the theme, the navigation, the list of versions.
 *
 * Offers to Dash everycase: markPage, toggleTheme; to Mantine versionOption. */
(() => {
  "use strict";

  const { closest, markBusy, ready, setProps, settle } = window.everycase.page;
  const YEAR = 365 * 24 * 3600;

  /** From light to dark or back; kept in a cookie, so that the server's first paint has it right. */
  function toggleTheme() {
    const root = document.documentElement;
    const next = root.getAttribute("data-mantine-color-scheme") === "dark" ? "light" : "dark";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is absent on plain http
    document.cookie = `everycase-theme=${next}; Max-Age=${YEAR}; Path=/; SameSite=Lax${secure}`;
    return next;
  }

  // The list of versions is requested again when somebody is about to read it.
  for (const kind of ["focusin", "click"]) {
    document.addEventListener(kind, (event) => {
      if (!closest(event, "#version-picker")) return;
      setProps("shell-refresh", { data: performance.now() });
    });
  }

  // Signing out: the browser itself shows nothing on the page meanwhile.
  document.addEventListener("submit", (event) => {
    if (event.submitter) markBusy(event.submitter);
  });

  /** One option of the picker: its name, its problem, and the champion's badge. */
  window.dashMantineFunctions ??= {};
  window.dashMantineFunctions.versionOption = ({ option, checked }) => {
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

  /** Mark the open page in the navigation. @param {string} path */
  function markPage(path) {
    /** @type {NodeListOf<HTMLAnchorElement>} */
    const links = document.querySelectorAll("a.ec-nav-link");
    for (const link of links) {
      if (new URL(link.href).pathname === path) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    return path;
  }

  // A page other than Predict, which says itself when it has drawn: the first paint may go.
  const arrival = new MutationObserver(() => {
    if (!document.querySelector("#_pages_content [data-page]:not([data-page=predict])")) return;
    ready();
    if (!document.querySelector("[data-figure]")) settle(); // figures say themselves
    arrival.disconnect();
  });
  arrival.observe(document.documentElement, { subtree: true, childList: true });

  window.dash_clientside.everycase = { markPage, toggleTheme };
})();
