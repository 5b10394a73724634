/* A labelled file for the Compare page: chosen or dropped, sent, and followed while it is read.
 *
 * Offers everycase.upload: hide, reset, show.
 * The file goes to the server as it is; the answer is lines of JSON with the rows read so far, and at
 * last the id under which the address keeps it (webapp/pages/compare/upload_endpoint.py). */
(() => {
  "use strict";

  const { address } = window.everycase;
  const { byId, closest } = window.everycase.page;
  const F = window.everycase.format;
  const PATH = "/page/compare/file";
  const OF_TRAFFIC = ["from", "to", "days", "source", "every"];
  const MIB = 1 << 20;
  const MOST = 64 * MIB;
  /** @type {XMLHttpRequest | null} */
  let sending = null;
  /** The versions that are compared. @type {string[]} */
  let chosen = [];

  /** The parts of the panel, null on another page. */
  function panel() {
    const drop = /** @type {HTMLButtonElement | null} */ (byId("compare-drop"));
    if (!drop) return null;
    return {
      drop,
      bar: /** @type {HTMLProgressElement} */ (byId("compare-progress")),
      line: /** @type {HTMLElement} */ (byId("compare-progress-line")),
      message: /** @type {HTMLElement} */ (byId("compare-progress-said")),
      problem: /** @type {HTMLElement} */ (byId("compare-upload-problem")),
    };
  }

  function show() {
    const host = byId("compare-upload");
    if (!host) return;
    host.hidden = false;
    byId("compare-drop")?.focus();
  }

  function hide() {
    const host = byId("compare-upload");
    if (host) host.hidden = true;
  }

  /** The page was redrawn, for these versions: an upload belonged to the one before. @param {string[]} versions */
  function reset(versions) {
    chosen = versions;
    sending?.abort();
  }

  /** Show how far it is; without its page it stops. @param {number} part @param {string} message */
  function progress(part, message) {
    const parts = panel();
    if (!parts) {
      sending?.abort();
      return;
    }
    parts.line.hidden = false;
    parts.bar.value = part;
    parts.message.textContent = message;
  }

  /** End an upload, with what went wrong, or "". @param {string} text */
  function end(text) {
    sending = null;
    const parts = panel();
    if (!parts) return;
    parts.line.hidden = true;
    parts.problem.textContent = text;
    parts.drop.disabled = false;
  }

  /** The last line so far, {} if it isn't whole. @param {string} text @returns {Everycase.UploadLine} */
  function lastLine(text) {
    const lines = text.trim().split("\n");
    try {
      return JSON.parse(lines[lines.length - 1]);
    } catch {
      return {};
    }
  }

  /** @param {Everycase.UploadLine} line */
  function showRows({ read, rows }) {
    if (read === undefined || rows === undefined) return;
    // sending is the first half of the way, reading the second
    const part = 0.5 + (0.5 * read) / Math.max(1, rows);
    progress(part, `${F.whole(read)} of ${F.count(rows, "row", "rows")} read`);
  }

  /** @param {XMLHttpRequest} request */
  function finish(request) {
    const { file, error } = lastLine(request.responseText);
    if (file && panel()) {
      end("");
      hide();
      const query = new URLSearchParams(location.search);
      for (const name of OF_TRAFFIC) query.delete(name);
      query.delete("rows");
      query.set("file", file);
      address.go(query);
      return;
    }
    const reason = typeof error === "string" ? error : error?.message;
    end(reason || "The upload was cut off: try again.");
  }

  /** @param {File} file */
  function send(file) {
    const parts = panel();
    if (sending || !parts) return;
    parts.problem.textContent = "";
    if (file.size > MOST) {
      const size = `${Math.round(file.size / MIB)} MiB`;
      end(`The file has ${size}, over the limit of ${MOST / MIB} MiB: split it.`);
      return;
    }
    parts.drop.disabled = true;
    progress(0, `Sending ${file.name}`);
    const request = new XMLHttpRequest();
    sending = request;
    request.open("POST", `${PATH}?versions=${encodeURIComponent(chosen.join())}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.upload.onprogress = (event) =>
      progress((0.5 * event.loaded) / Math.max(1, event.total), `Sending ${file.name}`);
    request.onprogress = () => showRows(lastLine(request.responseText));
    request.onload = () => finish(request);
    request.onerror = () => end("The server can't be reached: try again.");
    request.onabort = () => end("");
    request.send(file);
  }

  /** Open the browser's dialog for a file. */
  function choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.id = "compare-file-input";
    input.hidden = true;
    input.setAttribute("aria-label", "Labelled file");
    input.addEventListener("change", () => {
      if (input.files?.length) send(input.files[0]);
      input.remove();
    });
    byId(input.id)?.remove();
    document.body.append(input);
    input.click();
  }

  document.addEventListener("click", (event) => {
    if (closest(event, "#compare-drop")) choose();
    if (closest(event, "#compare-another")) show();
  });

  for (const kind of /** @type {const} */ (["dragover", "dragleave", "drop"])) {
    document.addEventListener(kind, (event) => {
      const zone = closest(event, "#compare-drop");
      if (!zone) return;
      event.preventDefault();
      zone.classList.toggle("ec-drop-active", kind === "dragover");
      const files = event.dataTransfer?.files;
      if (kind === "drop" && files?.length) send(files[0]);
    });
  }

  window.everycase.upload = { hide, reset, show };
})();
