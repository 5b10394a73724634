/* Everycase in the browser: the state of the page as a link, a curl command, a Python script. */
(function () {
  "use strict";

  const { cases } = window.everycase;

  /** for an address that stands in single quotes in a shell */
  function encode(text) {
    return encodeURIComponent(text).replace(/'/g, "%27");
  }

  function texts() {
    const { model, number } = window.everycase.predict.state;
    const pairs = model.names.map((name, i) => [name, (number >> i) & 1]);
    const query = pairs.map(([name, on]) => `${encode(name)}=${on}`);
    const version = `version=${encode(model.version)}`;
    const params = [
      ...pairs.map(([name, on]) => `${JSON.stringify(name)}: ${on}`),
      `"version": ${JSON.stringify(model.version)}`,
    ];
    const on = cases.owned(model.names, number).map((name) => `${encode(name)}=1`);
    return {
      "copy-link": `${location.origin}/?${[...on, version].join("&")}`,
      "copy-curl": `curl '${location.origin}/?${[...query, version].join("&")}'`,
      "copy-python":
        `import requests\n\nparams = {${params.join(", ")}}\n` +
        `answer = requests.get("${location.origin}/", params=params, timeout=10).json()\nprint(answer["response"])\n`,
    };
  }

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

  /** copy, and say so on the button for a moment: CSS shows its label again when the attribute goes */
  async function copyText(text, button) {
    try {
      await write(text);
      button.dataset.copied = "Copied";
    } catch {
      button.dataset.copied = "Can't copy";
    }
    setTimeout(() => delete button.dataset.copied, 2000);
    return button.dataset.copied;
  }

  async function copy(clicks, id) {
    if (!clicks || !window.everycase.predict.state.model) return;
    const said = await copyText(texts()[id], document.getElementById(id));
    document.getElementById("predict-said").textContent = said;
  }

  window.dash_clientside.everycasePredict.copy = copy;
  window.everycase.copyText = copyText;
})();
