/* What Dash asks the server for passes through here, so that nothing fails silently: whatever can't
 * be had is refused with a sentence, and the page goes back to what it shows.
 *
 * Offers everycase.requests: onArrival, onRefusal, reasonOf. Dash itself leaves the controls, the address and
 * the navigation at what was asked for; a status 204 tells it that nothing changes. */
(() => {
  "use strict";

  const { server, toast } = window.everycase;
  const { setProps, settle } = window.everycase.page;
  const CALLBACKS = "/_dash-update-component";
  const BACKGROUND = "version-picker.data"; // asked for by itself: nobody waits for it
  const PAGE = "_pages_content";
  const ask = window.fetch.bind(window);

  /** The page that has arrived. @type {Everycase.ArrivedPage | null} */
  let shown = null;
  /** The address that the router is being sent back to. @type {string | null} */
  let returning = null;
  let latest = 0; // the number of the last visit
  let isLeaving = false;
  /** By a part of the callback's output: it mends the page, and returns a sentence.
   * @type {Map<string, (reason: string) => string>} */
  const refusals = new Map();
  /** @type {((path: string) => void)[]} */
  const arrivals = [];

  const nothing = () => new Response(null, { status: 204 });

  /** @param {unknown} resource @param {RequestInit} [options] */
  function isCallback(resource, options) {
    return String(resource).split("?")[0].endsWith(CALLBACKS) && typeof options?.body === "string";
  }

  /** The page that the router asks for. @param {string} body @returns {Everycase.Place} */
  function placeOf(body) {
    /** @type {{property: string, value?: string}[]} */
    const inputs = JSON.parse(body).inputs;
    const value = (/** @type {string} */ name) =>
      inputs.find((input) => input.property === name)?.value ?? "";
    return { path: value("pathname"), search: value("search") };
  }

  /** Why the server refused, for people. @param {Response} response */
  async function reasonOf(response) {
    try {
      return (await response.json()).error.message;
    } catch {
      const isAway = response.status >= 502 && response.status <= 504;
      return isAway ? server.UNREACHABLE : `the server answered with status ${response.status}`;
    }
  }

  /** The server's answer, or the reason why there is none. @param {string} url @param {RequestInit} options */
  async function attempt(url, options) {
    try {
      const response = await ask(url, options);
      if (response.ok) return { response, reason: "" };
      return { response: null, reason: await reasonOf(response), status: response.status };
    } catch {
      return { response: null, reason: server.UNREACHABLE };
    }
  }

  /** @param {string} text @param {number} [status] */
  function say(text, status) {
    if (isLeaving) return;
    const back = encodeURIComponent(location.pathname + location.search);
    const action = status === 401 ? { text: "Sign in", href: `/sign-in?next=${back}` } : undefined;
    toast.show("refused", text, { action });
    window.everycase.watch?.look(); // an updated server may refuse what this page asks
  }

  /** The name of a page in the navigation. @param {string} path */
  function nameOf(path) {
    const link = document.querySelector(`a.ec-nav-link[href="${CSS.escape(path)}"]`);
    return link?.textContent || "The page";
  }

  /**
   * Send the router back to the page that is there.
   * @param {Everycase.Place} place @param {string} reason @param {number} [status]
   */
  function refuseVisit(place, reason, status) {
    document.documentElement.classList.remove("ec-waiting");
    if (!shown) {
      settle();
      const action = { text: "Reload", run: () => location.reload() };
      toast.show("refused", `The page couldn't be loaded: ${reason}.`, { action, lasts: true });
      return;
    }
    const { path, search } = shown;
    const isElsewhere = place.path !== path;
    say(
      isElsewhere
        ? `${nameOf(place.path)} can't be opened: ${reason}.`
        : `Nothing was changed: ${reason}.`,
      status,
    );
    returning = path + search;
    shown.isToRedraw = !isElsewhere;
    history.replaceState(history.state, "", returning);
    setTimeout(() => setProps("_pages_location", { pathname: path, search }));
  }

  /** @param {string} url @param {RequestInit} options */
  async function visit(url, options) {
    const place = placeOf(String(options.body));
    if (shown && returning === place.path + place.search) {
      returning = null;
      if (!shown.isToRedraw) return nothing();
      const headers = { "Content-Type": "application/json" };
      return new Response(await shown.content, { headers }); // its controls as they were
    }
    latest += 1;
    const mine = latest;
    const { response, reason, status } = await attempt(url, options);
    if (response) {
      const content = response.clone().text();
      content.then(() => {
        for (const callback of arrivals) callback(place.path);
      });
      if (mine === latest) shown = { ...place, content, isToRedraw: false };
      return response;
    }
    if (mine === latest) refuseVisit(place, reason, status);
    return nothing();
  }

  /** @param {string} url @param {RequestInit} options */
  async function answer(url, options) {
    const output = /"output":"([^"]*)/.exec(String(options.body).slice(0, 2000))?.[1] ?? "";
    if (output.includes(PAGE)) return visit(url, options);
    const { response, reason, status } = await attempt(url, options);
    if (response) return response;
    if (output.includes(BACKGROUND)) return nothing();
    const part = [...refusals.keys()].find((name) => output.includes(name));
    const mend = part === undefined ? undefined : refusals.get(part);
    say(mend ? mend(reason) : `Nothing was changed: ${reason}.`, status);
    return nothing();
  }

  window.fetch = (resource, options) =>
    isCallback(resource, options)
      ? answer(String(resource), options ?? {})
      : ask(resource, options);

  // What is chosen on a page may be in its address alone: it is where the page goes back to.
  for (const kind of ["click", "keydown"]) {
    document.addEventListener(
      kind,
      () => {
        if (shown && location.pathname === shown.path && !isWaiting())
          shown.search = location.search;
      },
      true,
    );
  }
  const isWaiting = () => Boolean(document.querySelector("#_pages_content[data-dash-is-loading]"));
  addEventListener("pagehide", () => {
    isLeaving = true;
  });
  addEventListener("pageshow", () => {
    isLeaving = false;
  });

  /** Have a refused callback mended. @param {string} part of its output @param {(reason: string) => string} mend */
  function onRefusal(part, mend) {
    refusals.set(part, mend);
  }

  /** Call back when a page's content has come. @param {(path: string) => void} callback */
  function onArrival(callback) {
    arrivals.push(callback);
  }

  window.everycase.requests = { onArrival, onRefusal, reasonOf };
})();
