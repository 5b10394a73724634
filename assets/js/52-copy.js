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
    const params = [...pairs.map(([name, on]) => `${JSON.stringify(name)}: ${on}`), `"version": ${JSON.stringify(model.version)}`];
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

  async function copy(clicks, id) {
    if (!clicks || !window.everycase.predict.state.model) return;
    const button = document.getElementById(id); // its label is shown again by CSS when the attribute goes
    try {
      await write(texts()[id]);
      button.dataset.copied = "Copied";
    } catch {
      button.dataset.copied = "Can't copy";
    }
    document.getElementById("predict-said").textContent = button.dataset.copied;
    setTimeout(() => delete button.dataset.copied, 2000);
  }

  window.dash_clientside.everycasePredict.copy = copy;
})();
