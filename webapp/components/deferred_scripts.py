"""When scripts run: after the first paint, however fast they arrive.

A browser that has the scripts at hand runs them before it draws anything, and they take longer than
all the rest. So the document only names them; a few lines put them in, in Dash's own order, as soon
as the browser says that it has painted.
"""

from __future__ import annotations

import re

_TAG = re.compile(r'<script src="([^"]+)"></script>\n?')

# Dash sends these with every page. Nothing here is a DataTable, and a browser that knows the CSS in
# use (`light-dark`, `:has`) knows what the polyfill adds.
_UNUSED = ("/dash_table/", "/polyfill@")

# dcc asks for its Upload by itself, later and without a fingerprint, unless it is there already.
_NAMED_TOO = ("dcc/dash_core_components.v", "dcc/async-upload.v")
_LATER = "text/later"  # no browser loads a script of this type

# Hidden tabs don't paint, and pages without a first paint have nothing to wait for.
START = f"""
(function () {{
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


def later(scripts: str) -> str:
    """Dash's script tags as ``START`` wants them; its inline scripts stay as they are."""

    def named(tag: re.Match[str]) -> str:
        addresses = [] if any(path in tag[1] for path in _UNUSED) else [tag[1]]
        if _NAMED_TOO[0] in tag[1]:
            addresses.append(tag[1].replace(*_NAMED_TOO))
        return "".join(f'<script type="{_LATER}" src="{a}"></script>\n' for a in addresses)

    return _TAG.sub(named, scripts)
