"""The HTML document: what a browser shows before any script ran, and what a link preview says.

The first paint stands beside Dash's entry point and goes when the page has drawn itself
(``assets/js/predict.js`` marks the document as ready). It uses the page's own classes, so
nothing moves when the two change places.
"""

from __future__ import annotations

from html import escape
from typing import Any

from flask import request

from webapp.components import shell
from webapp.components.start import later
from webapp.components.words import words_for
from webapp.services import Services, predict

NBSP = "\u00a0"
ROOT_PATH = "/"


def percent(probability: float) -> str:
    """One decimal, the form of every probability in the product: ``42.0 %``."""
    return f"{probability * 100:.1f}{NBSP}%"


def title() -> str:
    """The page's title; on a link to a case it says the case and its probability."""
    found = _linked()
    if found is None:
        return "Predict · Everycase"
    owned, probability, _ = found
    return f"{percent(probability)} for {owned} · Everycase"


def description() -> str:
    """One sentence for search engines and link previews."""
    found = _linked()
    if found is None:
        return "See what a model predicts for every combination of its yes/no inputs, at once."
    owned, probability, version = found
    return (
        f"{version} answers {percent(probability)} for {owned}. "
        "Flip any input and watch the prediction move."
    )


def render(services: Services, parts: dict[str, Any]) -> str:
    """The document from Dash's parts (see ``Dash.interpolate_index``)."""
    scheme = shell.cookie_scheme()
    chosen = f' data-mantine-color-scheme="{scheme}"' if scheme else ""
    first = _first_paint(services) if request.path == ROOT_PATH else ""
    heading = escape(title()) if request.path == ROOT_PATH else escape(parts["title"])
    return f"""<!DOCTYPE html>
<html lang="en"{chosen}{" data-first-paint" if first else ""}>
  <head>
    {parts["metas"]}
    <title>{heading}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/icons/logo.svg">
    <meta name="theme-color" media="(prefers-color-scheme: light)" content="#ffffff">
    <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#242424">
    {parts["css"]}
  </head>
  <body>
    {first}
    {parts["app_entry"]}
    <footer>
      {parts["config"]}
      {later(parts["scripts"])}
      {parts["renderer"]}
    </footer>
  </body>
</html>
"""


def _services() -> Services:
    from flask import current_app

    services: Services = current_app.extensions["everycase"]
    return services


def _linked() -> tuple[str, float, str] | None:
    """What a link to a case asks for: its features in words, the probability, the version."""
    if request.path != ROOT_PATH or not request.args:
        return None
    shown = predict.view(_services(), request.args)
    if shown.prepared is None or shown.version is None:
        return None
    features = shown.prepared.features
    owned = " + ".join(features.owned(shown.case)) or words_for(features).none.lower()
    return owned, float(shown.prepared.scores[shown.case]), shown.version.name


def _first_paint(services: Services) -> str:
    shown = predict.view(services, request.args)
    if shown.prepared is None or shown.version is None:
        return ""
    features, case = shown.prepared.features, shown.case
    words = words_for(features)
    switches = "".join(
        f'<div class="ec-switch-row"><span class="ec-fp-switch{" on" if on else ""}"></span>'
        f"<span>{escape(name)}</span></div>"
        for name, on in features.row(case).items()
    )
    number = f"{shown.prepared.scores[case] * 100:.1f}"
    return f"""<div id="first-paint">
      <div class="ec-header"><div class="ec-header-inner">
        <span class="ec-brand"><span class="ec-logo"></span><span>Everycase</span></span>
        <span class="ec-nav"><span class="ec-nav-link" aria-current="page">Predict</span></span>
        <span class="ec-picker ec-fp-picker">{escape(shown.version.name)}</span>
        <span class="ec-theme-toggle ec-fp-toggle"></span>
      </div></div>
      <div class="ec-main"><div class="ec-page">
        <h1>Predict</h1><p class="ec-subtitle">{escape(words.subtitle)}</p>
        <div class="ec-card ec-hero">
          <div class="ec-hero-cause"><h2>{escape(words.question)}</h2>
            <p class="ec-caption">Bars: points gained or lost by flipping that {words.thing} alone.</p>
            <div class="ec-switches" style="--rows: {(len(features.names) + 1) // 2}">{switches}</div>
          </div>
          <div class="ec-hero-effect"><h2>{escape(words.answer)}</h2>
            <div class="ec-answer"><div class="ec-probability"><span class="ec-number">{number}</span
            ><span class="ec-unit">{NBSP}%</span></div></div>
            <noscript><p>Flipping needs JavaScript; each link here answers without it.</p></noscript>
          </div>
        </div>
      </div></div>
    </div>"""
