"""A comparison as one HTML file that needs neither a network nor a server.

It is the page itself: the same markup, styles and scripts, and Plotly, all written into the file.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from dash import html

from webapp.components import glossary
from webapp.components.document import PLOTLY
from webapp.components.markup import markup
from webapp.pages.compare import browser_data, sections
from webapp.pages.compare.view import KEYS, View
from webapp.services.compare.answer import CompareAnswer, ComparisonReport
from webapp.services.compare.sentence import compose
from webapp.services.formatting import iso, span

_ASSETS = Path(__file__).parents[3] / "assets"
_STYLES = (
    "css/everycase.css",
    "css/icons.css",
    "css/data-pages.css",
    "css/long-page.css",
    "css/compare.css",
    "css/print.css",
    "css/terms.css",
)
_SCRIPTS = tuple(
    f"js/{name}.js"
    for name in (
        *("05-page", "06-print", "10-cases", "12-rates", "14-decisions", "20-format", "24-terms"),
        *("65-markup", "66-address", "68-plotly", "70-figures", "71-save"),
        *("73-flips", "73-threshold", "74-compare"),
    )
)
# What the page's scripts ask of Dash; a report has nowhere to go.
_BEFORE = """
document.documentElement.dataset.mantineColorScheme =
  matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
window.dash_clientside = { set_props() {} };
window.everycase = { copyText() {} };
"""
_AFTER = """
window.everycase.visit = () => {};
window.everycase.address.go = () => {};
window.everycase.address.openCase = () => {};
window.dash_clientside.everycaseCompare.draw(JSON.parse(document.getElementById("data").textContent));
"""


def render(answer: CompareAnswer, now: int) -> str:
    """The file's text; ``now`` in ms is when it is made. Without events it gives the reason."""
    return "".join(parts(answer, now))


def parts(answer: CompareAnswer, now: int) -> Iterator[str]:
    """The parts of the file's text: of 16 inputs they are megabytes, not to be held twice."""
    conclusion = compose(answer)
    body = [html.H1("Compare"), html.P(_describe(answer, now), className="ec-subtitle")]
    body.append(sections.headline(conclusion))
    data: dict[str, Any] = {}
    if isinstance(answer, ComparisonReport):
        body += sections.sections(answer, View(frozenset(KEYS), has_predict=False))
        data = browser_data.page_data(answer)
    page = html.Div(
        html.Div(body, className="ec-page ec-report ec-compare", **{"data-page": "compare"}),
        className="ec-main",
    )
    scripts = [_BEFORE, *_scripts(), *([_AFTER] if data else [])]
    lines = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(conclusion.headline)}</title>",
        *(f"<style>{_read_asset(name)}</style>" for name in _STYLES),
        f"</head><body>{markup(page)}",
    ]
    yield "\n".join([*lines, '<script type="application/json" id="data">'])
    yield _embed(data)
    yield '</script><script type="application/json" id="ec-glossary">'
    yield _embed(glossary.as_json(with_docs=False))
    lines = ["</script>", *(f"<script>{script}</script>" for script in scripts)]
    yield "\n".join([*lines, "</body></html>"])


def _scripts() -> list[str]:
    names = [PLOTLY.removeprefix("/assets/").split("?")[0], *_SCRIPTS]
    return [_read_asset(name) for name in names]


def _policy(scripts: Sequence[str]) -> str:
    """The file runs these scripts and no others, and asks nobody for anything."""
    digests = (b64encode(sha256(script.encode()).digest()).decode() for script in scripts)
    allowed_scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {allowed_scripts}",
            "style-src 'unsafe-inline'",  # bars have their widths in their markup
            "img-src data: blob:",  # a chart on its way to a PNG
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _read_asset(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


def _embed(data: dict[str, Any]) -> str:
    """JSON that can't end the script element around it."""
    return browser_data.to_json(data).replace("<", "\\u003c")


def _describe(answer: CompareAnswer, now: int) -> str:
    names = ", ".join(version.name for version in answer.versions)
    where = answer.upload.name if answer.upload else "a labelled file"
    if answer.sources:
        days = span(answer.request.since, answer.request.until)
        where = f"{', '.join(answer.sources)}, {days}"
    return f"{names} on {where}. Created {iso(now)}."
