/* Asking this app's own server for JSON, with a time limit and an error that people can read.
 *
 * Offers everycase.server: ask, UNREACHABLE. */
(() => {
  "use strict";

  const UNREACHABLE = "the server can't be reached";

  /**
   * GET, or POST if there is a body. Throws an Error whose message is the reason; its cause is
   * the status, if the server answered.
   * @param {string} path @param {number} wait ms @param {object} [body] @returns {Promise<Everycase.Answer>}
   */
  async function ask(path, wait, body) {
    let response, answer;
    try {
      response = await fetch(path, {
        method: body ? "POST" : "GET",
        headers: body ? { "Content-Type": "application/json" } : {},
        body: body ? JSON.stringify(body) : undefined,
        signal: AbortSignal.timeout(wait),
      });
      answer = await response.json();
    } catch {
      throw new Error(UNREACHABLE);
    }
    if (response.ok) return answer;
    throw new Error(answer.error?.message || UNREACHABLE, { cause: response.status });
  }

  window.everycase.server = { ask, UNREACHABLE };
})();
