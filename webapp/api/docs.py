"""``/api/openapi.json``, and readable documentation at ``/api/docs`` without any other host."""

from __future__ import annotations

import json
from html import escape
from importlib.util import find_spec
from pathlib import Path

from flask import Flask, Response, send_file

from webapp.components import shell
from webapp.components.document import ICON
from webapp.services.context import Services
from webapp.services.predict import version_choice

OPENAPI, DOCS, SCRIPT = "/api/openapi.json", "/api/docs", "/api/docs/rapidoc.js"

# RapiDoc's side bar is dark in both themes.
_LOGO = "color:#fff;font-weight:700;text-decoration:none;padding:12px 16px;display:block"


def register(server: Flask, services: Services) -> None:
    """Add the routes. The library that describes the API is imported at the first request."""

    @server.get(OPENAPI, provide_automatic_options=False)
    def openapi() -> Response:
        from webapp.api.v1.description import describe

        champion = version_choice.champion(services)
        prepared = None if champion is None else champion.prepared
        features = () if prepared is None else prepared.features.names
        names = (champion.name,) if champion is not None else ()
        form = json.dumps(describe(features, *names))
        return Response(form, content_type="application/json")

    @server.get(DOCS, provide_automatic_options=False)
    def api_docs() -> Response:
        return Response(_page(), mimetype="text/html")

    @server.get(SCRIPT, provide_automatic_options=False)
    def rapidoc() -> Response:
        return send_file(_script(), mimetype="text/javascript", max_age=3600)


def _script() -> Path:
    """RapiDoc's file, found without its package, which would import the description's library."""
    spec = find_spec("flask_openapi3_rapidoc")
    assert spec is not None  # it is among the requirements
    assert spec.origin is not None
    return next(Path(spec.origin).parent.rglob("rapidoc-min.js"))


def _page() -> str:
    """RapiDoc in our colours, without inline scripts, which the content security policy forbids."""
    dark = shell.cookie_scheme() == "dark"
    look = {
        "spec-url": OPENAPI,
        "theme": "dark" if dark else "light",
        "primary-color": "#748ffc" if dark else "#3b5bdb",
        "bg-color": "#1f1f1f" if dark else "#f8f9fa",
        "render-style": "read",
        "schema-style": "table",
        "show-header": "false",
        "allow-authentication": "true",
        "allow-server-selection": "false",
        "load-fonts": "false",
        "regular-font": "Inter, Helvetica Neue, Helvetica, Segoe UI, Roboto, Arial, sans-serif",
        "mono-font": "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
    }
    attributes = " ".join(f'{name}="{escape(value)}"' for name, value in look.items())
    return f"""<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>API · Everycase</title>
    <link rel="icon" href="{ICON}">
    <script type="module" src="{SCRIPT}"></script>
  </head>
  <body>
    <rapi-doc id="docs" {attributes}>
      <a slot="nav-logo" href="/" style="{_LOGO}">Everycase</a>
    </rapi-doc>
  </body>
</html>
"""
