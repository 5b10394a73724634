"""The HTML document, with the first paint of its page and texts for link previews.

The first paint is beside Dash's entry point and is removed when the page has drawn itself
(``assets/js/50-predict.js`` marks the document as ready). It uses the page's own classes, so that
nothing moves.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from flask import current_app, request

from webapp.components import shell
from webapp.components.build import build
from webapp.components.bundles import join_tags
from webapp.components.deferred_scripts import defer_scripts
from webapp.components.first_paint import first_paint, page_paint
from webapp.components.page_query import address_query
from webapp.services.context import Services
from webapp.services.formatting import percent
from webapp.services.predict import view as predict_view
from webapp.services.status import status
from webapp.vocabulary import vocabulary_for

ROOT_PATH = "/"
HOST_IS_CHECKED = "HOST_IS_CHECKED"  # in the server's config: requests for other hosts are refused
_ADDRESSES = re.compile(r'<meta property="(?:og|twitter):(?:url|image)"[^>]*>\s*')

_ASSETS = Path(__file__).parents[2] / "assets"


def asset(name: str) -> str:
    """An asset's address with its time of change, as Dash has it for scripts and styles."""
    return f"/assets/{name}?m={(_ASSETS / name).stat().st_mtime}"


ICON = asset("icons/logo.svg")
ICON_FILE = _ASSETS / "icons/logo.svg"
PLOTLY_FILE = _ASSETS / "vendor/plotly-cartesian-4.1.1.min.js"
PLOTLY = asset(f"vendor/{PLOTLY_FILE.name}")


def title() -> str:
    """The page's title; for a link to a case, its probability and inputs."""
    case = _linked_case()
    if case is None:
        return "Predict · Everycase"
    inputs, probability, _ = case
    return f"{probability} for {inputs} · Everycase"


def description() -> str:
    """One sentence for search engines and link previews."""
    case = _linked_case()
    if case is None:
        return "See what a model predicts for every combination of its yes/no inputs, at once."
    inputs, probability, version = case
    return (
        f"{version} predicts {probability} for {inputs}. "
        "Flip any input and watch the prediction move."
    )


def render(
    services: Services,
    parts: dict[str, Any],
    account: shell.Account = None,
    *,
    needs_token: bool = False,
) -> str:
    """The document from Dash's parts (see ``Dash.interpolate_index``).

    ``needs_token``: programs must send a token, so what the page copies has a place for it.
    """
    scheme = shell.cookie_scheme()
    attributes = f' data-mantine-color-scheme="{scheme}"' if scheme else ""
    before_scripts = ""
    if request.path == ROOT_PATH:
        view = predict_view.view(services, address_query())
        before_scripts = first_paint(view, status(services), account)
    else:
        before_scripts = page_paint(request.path, status(services), account)
    heading = escape(title()) if request.path == ROOT_PATH else escape(parts["title"])
    attributes += " data-needs-token" if needs_token else ""
    attributes += f' data-build="{build()}" data-plotly="{PLOTLY}"' + (
        " data-first-paint" if before_scripts else ""
    )
    return f"""<!DOCTYPE html>
<html lang="en" style="--ec-logo: url({ICON})"{attributes}>
  <head>
    {_metas(parts["metas"])}
    <title>{heading}</title>
    <link rel="icon" type="image/svg+xml" href="{ICON}">
    <meta name="theme-color" media="(prefers-color-scheme: light)" content="#ffffff">
    <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#242424">
    {join_tags(parts["css"], "css")}
  </head>
  <body>
    {before_scripts}
    {parts["app_entry"]}
    <footer>
      {parts["config"]}
      {defer_scripts(join_tags(parts["scripts"], "js"))}
      {parts["renderer"]}
    </footer>
  </body>
</html>
"""


def _metas(text: str) -> str:
    """Dash's tags for link previews, without those that repeat a Host that nobody has checked."""
    return text if current_app.config.get(HOST_IS_CHECKED) else _ADDRESSES.sub("", text)


def _services() -> Services:
    services: Services = current_app.extensions["everycase"]
    return services


def _linked_case() -> tuple[str, str, str] | None:
    """The case of the current link: its inputs and probability in words, and the version."""
    if request.path != ROOT_PATH or not request.args:
        return None
    view = predict_view.view(_services(), address_query())
    if view.prepared is None or view.version is None:
        return None
    features = view.prepared.features
    inputs = vocabulary_for(features).list_inputs(features, view.case, " + ")
    probability, outcome = percent(view.prepared.scores[view.case]), view.prepared.facts.outcome
    return inputs, f"{probability} {outcome}" if outcome else probability, view.version.name
