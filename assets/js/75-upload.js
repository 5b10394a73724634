/* Everycase in the browser, part 12: a labelled file for the Compare page.

   The file goes to the server as it is; the answer is lines of JSON that say how far it has been
   read, and at last the id under which the address keeps it (webapp/pages/compare/upload_endpoint.py). */
(function () {
  "use strict";

  const ADDRESS = "/page/compare/file";
  const OF_TRAFFIC = ["from", "to", "days", "source", "every"];
  const MIB = 1 << 20;
  const MOST = 64 * MIB;
  let sending = null;
  let chosen = []; // versions that are compared

  const find = (id) => document.getElementById(id);

  function show() {
    const panel = find("compare-upload");
    if (!panel) return;
    panel.hidden = false;
    find("compare-drop").focus();
  }

  function hide() {
    const panel = find("compare-upload");
    if (panel) panel.hidden = true;
  }

  /** the page was drawn anew, for these versions: what was on its way belongs to the one before */
  function reset(versions) {
    chosen = versions || [];
    if (sending) sending.abort();
  }

  /** how far it is; a page that was left meanwhile wants to know no more */
  function progress(part, said) {
    if (!find("compare-progress")) {
      if (sending) sending.abort();
      return;
    }
    find("compare-progress-line").hidden = false;
    find("compare-progress").value = part;
    find("compare-progress-said").textContent = said;
  }

  function problem(text) {
    sending = null;
    if (!find("compare-drop")) return;
    find("compare-progress-line").hidden = true;
    find("compare-upload-problem").textContent = text;
    find("compare-drop").disabled = false;
  }

  /** the last line that has come so far, if it is whole */
  function last(text) {
    const lines = text.trim().split("\n");
    try {
      return JSON.parse(lines[lines.length - 1]);
    } catch {
      return {};
    }
  }

  function told(values) {
    if (values.read === undefined) return;
    // sending is the first half of the way, reading the second
    const part = 0.5 + (0.5 * values.read) / Math.max(1, values.rows);
    progress(
      part,
      `${values.read.toLocaleString("en")} of ${values.rows.toLocaleString("en")} rows read`,
    );
  }

  function finish(request) {
    const values = last(request.responseText);
    if (values.file && find("compare-drop")) {
      problem("");
      hide();
      const query = new URLSearchParams(location.search);
      OF_TRAFFIC.forEach((name) => query.delete(name));
      query.set("file", values.file);
      window.everycase.address.go(query);
      return;
    }
    const said = values.error && (values.error.message || values.error);
    problem(said || "The file did not arrive whole: try again.");
  }

  function send(file) {
    if (sending) return;
    find("compare-upload-problem").textContent = "";
    if (file.size > MOST) {
      problem(
        `The file has ${Math.round(file.size / MIB)} MiB, and at most ${MOST / MIB} MiB can be read: split it.`,
      );
      return;
    }
    find("compare-drop").disabled = true;
    progress(0, `Sending ${file.name}`);
    const request = new XMLHttpRequest();
    sending = request;
    request.open("POST", `${ADDRESS}?versions=${encodeURIComponent(chosen.join())}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.upload.onprogress = (event) =>
      progress((0.5 * event.loaded) / Math.max(1, event.total), `Sending ${file.name}`);
    request.onprogress = () => told(last(request.responseText));
    request.onload = () => finish(request);
    request.onerror = () => problem("The server is out of reach: try again.");
    request.onabort = () => problem("");
    request.send(file);
  }

  function choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.id = "compare-file-input";
    input.hidden = true;
    input.setAttribute("aria-label", "Labelled file");
    input.addEventListener("change", () => {
      if (input.files.length) send(input.files[0]);
      input.remove();
    });
    const before = find(input.id);
    if (before) before.remove();
    document.body.append(input);
    input.click();
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest) return;
    if (event.target.closest("#compare-drop")) choose();
    if (event.target.closest("#compare-another")) show();
  });

  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest && event.target.closest("#compare-drop");
      if (!zone) return;
      event.preventDefault();
      zone.classList.toggle("ec-drop-active", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
    });
  }

  window.everycase = window.everycase || {};
  window.everycase.upload = { show, hide, reset };
})();
