/* Says what happened on the way to this page, such as signing in, and has the sign-in page lead
 * back to where one was.
 *
 * Offers nothing. The server leaves the news in a cookie (webapp/pages/sign_in/endpoints.py). */
(() => {
  "use strict";

  const { closest } = window.everycase.page;
  const NEWS = /(?:^|; )everycase-news=([^;]*)/;

  function say() {
    const text = NEWS.exec(document.cookie)?.[1];
    if (!text) return;
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is absent on plain http
    document.cookie = "everycase-news=; Max-Age=0; Path=/; SameSite=Lax";
    window.everycase.toast.show("news", decodeURIComponent(text), { time: 4000 });
  }

  document.addEventListener(
    "click",
    (event) => {
      const link = closest(event, "a[href^='/sign-in']");
      if (!(link instanceof HTMLAnchorElement) || link.closest("#ec-toasts")) return;
      link.search = `?next=${encodeURIComponent(location.pathname + location.search)}`;
    },
    true,
  );
  say();
})();
