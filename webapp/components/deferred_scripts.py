"""Deferred scripts: they run after the first paint, even if they are cached.

A browser that has the scripts cached would run them before it paints anything, and they take longer
than all the rest. So the document only names them, and a few lines add them in Dash's own order as
soon as the browser reports its first paint.

To the browser the page is loading until it is drawn: whoever prints meanwhile gets all of it.
"""

from __future__ import annotations

import re

_TAG = re.compile(r'<script src="([^"]+)"></script>\n?')

# Dash sends these with every page. No page has a DataTable, and a browser that knows the CSS in use
# (`light-dark`, `:has`) knows what the polyfill adds.
_UNUSED = ("/dash_table/", "/polyfill@")

# dcc would load its Upload later, without a fingerprint, unless it is there already.
_UPLOAD = ("dcc/dash_core_components.v", "dcc/async-upload.v")
_LATER = "text/later"  # browsers ignore scripts of this type
_HOLD = "ec-hold"  # a frame that loads until assets/js/05-page.js removes it
_HOLD_MS = 10_000  # at most, such as where a script never came

# Hidden tabs don't paint, and pages without a first paint needn't wait.
START = f"""
(function () {{
  const hold = document.createElement("iframe");
  hold.id = "{_HOLD}";
  hold.hidden = true;
  document.body.append(hold);
  hold.contentDocument.open();
  setTimeout(() => hold.remove(), {_HOLD_MS});
  const named = document.querySelectorAll('script[type="{_LATER}"]');
  let begun = false;
  function begin() {{
    if (begun) return;
    begun = true;
    const scripts = [...named].map((name) => {{
      const script = document.createElement("script");
      script.src = name.getAttribute("src");
      script.async = false;
      return script;
    }});
    scripts[scripts.length - 1].addEventListener("load", () => new DashRenderer());
    document.body.append(...scripts);
  }}
  if (document.hidden || !("firstPaint" in document.documentElement.dataset)) {{
    begin();
    return;
  }}
  new PerformanceObserver((list) => {{
    if (list.getEntriesByName("first-contentful-paint").length) begin();
  }}).observe({{ type: "paint", buffered: true }});
  document.addEventListener("visibilitychange", begin);
  setTimeout(begin, 1000);
}})();
"""


def defer_scripts(scripts: str) -> str:
    """Replace Dash's script tags by tags for ``START``; inline scripts stay as they are."""

    def defer_tag(tag: re.Match[str]) -> str:
        addresses = [] if any(path in tag[1] for path in _UNUSED) else [tag[1]]
        if _UPLOAD[0] in tag[1]:
            addresses.append(tag[1].replace(*_UPLOAD))
        return "".join(f'<script type="{_LATER}" src="{a}"></script>\n' for a in addresses)

    return _TAG.sub(defer_tag, scripts)
