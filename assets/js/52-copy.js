/* The state of the Predict page as a link, a curl command, a Python script; and copying in general:
 * a button with `data-copy` copies that.
 *
 * Offers everycase.copyText, and to Dash everycasePredict.copy. */
(() => {
  "use strict";

  const { cases, page, predict } = window.everycase;
  const SHOWN = 2000; // ms

  /** For an address in single quotes in a shell. @param {string} text */
  function encode(text) {
    return encodeURIComponent(text).replace(/'/g, "%27");
  }

  /** What each button copies, by its id. @param {Everycase.Model} model @param {number} number */
  function texts(model, number) {
    const values = cases.bits(model.names, number);
    const query = model.names.map((name, i) => `${encode(name)}=${values[i]}`);
    const version = `version=${encode(model.version)}`;
    const params = [
      ...model.names.map((name, i) => `${JSON.stringify(name)}: ${values[i]}`),
      `"version": ${JSON.stringify(model.version)}`,
    ];
    const on = cases.owned(model.names, number).map((name) => `${encode(name)}=1`);
    const needsToken = "needsToken" in document.documentElement.dataset;
    const header = needsToken ? `-H "Authorization: Bearer $API_TOKEN" ` : "";
    const imports = needsToken ? "import os\n\nimport requests\n\n" : "import requests\n\n";
    const headers = needsToken
      ? `headers = {"Authorization": "Bearer " + os.environ["API_TOKEN"]}\n`
      : "";
    const more = needsToken ? ", headers=headers" : "";
    return {
      "copy-link": `${location.origin}/?${[...on, version].join("&")}`,
      "copy-curl": `curl ${header}'${location.origin}/?${[...query, version].join("&")}'`,
      "copy-python":
        `${imports}${headers}params = {${params.join(", ")}}\n` +
        `answer = requests.get("${location.origin}/", params=params${more}, timeout=10).json()\nprint(answer["response"])\n`,
    };
  }

  /** @param {string} text */
  async function write(text) {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    const area = document.createElement("textarea"); // plain http: the clipboard API is absent
    area.value = text;
    document.body.appendChild(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  // A live region that comes with its text is mute, so it is there before.
  const said = document.createElement("div");
  said.className = "ec-sr";
  said.setAttribute("role", "status");
  document.body.append(said);

  /**
   * Copy, and confirm it, on the button for a moment: CSS shows its label again when the attribute goes.
   * @param {string} text @param {HTMLElement} button
   */
  async function copyText(text, button) {
    let message = "Copied";
    try {
      await write(text);
    } catch {
      message = "Can't copy";
    }
    button.dataset.copied = said.textContent = message;
    setTimeout(() => {
      delete button.dataset.copied;
      said.textContent = ""; // so that copying once more is said once more
    }, SHOWN);
  }

  /** @type {Everycase.PredictCallbacks["copy"]} */
  async function copy(clicks, id) {
    const { model, number } = predict.state;
    const button = page.byId(id);
    if (!clicks || !model || !button) return;
    await copyText(texts(model, number)[id], button);
  }

  document.addEventListener("click", (event) => {
    const button = page.closest(event, "[data-copy]");
    if (button) copyText(button.dataset.copy ?? "", button);
  });

  window.dash_clientside.everycasePredict.copy = copy;
  window.everycase.copyText = copyText;
})();
