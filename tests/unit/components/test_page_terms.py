"""Every metric, verdict, chart title and column on the pages explains itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from types import ModuleType
from urllib.parse import parse_qsl

import pytest
from dash import html
from dash.development.base_component import Component

from tests.unit.test_neutral_words import A, B, Churn, churn
from webapp.components.glossary import TERMS
from webapp.components.markup import markup
from webapp.pages import load_pages
from webapp.pages.models import dialog
from webapp.services.models import promotion_evidence
from webapp.settings import ROOT
from webapp.timing import now_ms

__all__ = ["churn"]  # the fixture
ADDRESSES = {
    "/": [""],
    "/compare": ["", "?days=7"],
    "/drift": ["", "?baseline=previous", "?why=positives", "?why=score"],
    "/models": [""],
}
NAMED = {A, B, "", "Actions"}  # columns that are no terms
DAY = re.compile(r"\d{1,2} \w{3}( \d{4})?$")


def html_of(part: object) -> str:
    """All HTML of a layout: of Dash's own components what is within."""
    if isinstance(part, (list, tuple)):
        return "".join(map(html_of, part))
    if not isinstance(part, Component):
        return markup(part)
    properties = part.to_plotly_json()["props"]
    inside = html_of(properties.get("children")) + properties.get("data-markup", "")
    if part.to_plotly_json()["namespace"] != "dash_html_components":
        return inside
    kind = part.to_plotly_json()["type"]
    shell = {k: v for k, v in properties.items() if k not in ("children", "data-markup")}
    return markup(getattr(html, kind)("\0", **shell)).replace("\0", inside)


def words(text: str) -> str:
    return unescape(re.sub("<[^>]+>", "", text)).replace("\N{NO-BREAK SPACE}", " ").strip()


def unexplained(text: str) -> Iterator[str]:
    """Headings, names and verdicts in HTML without a term."""
    for pattern in (
        r'<th scope="col"[^>]*>(.*?)</th>',
        r"<dt>(.*?)</dt>",
        r'class="ec-card ec-report-card"><h3>(.*?)</h3>',
        r'class="ec-forests-one"><h3>(.*?)</h3>',
        r'<div class="ec-five-name">(.*?)</div>',
    ):
        for inside in re.findall(pattern, text, re.S):
            if "data-term=" not in inside and words(inside) not in NAMED:
                yield words(inside)
    for before, inside in re.findall(
        r"<section([^<]*<(?:button.*?</button><)?)details.*?<h2[^>]*>(.*?)</h2>", text, re.S
    ):
        if "data-term=" not in before:
            yield words(inside)
    for table in re.findall(r'<table class="[^"]*ec-compare-table.*?</table>', text, re.S):
        for inside in re.findall(r'<th scope="row">(.*?)</th>', table, re.S):
            if "data-term=" not in inside:
                yield words(inside)
    for classes, inside in re.findall(r'class="(ec-verdict[^"]*)"[^>]*>(.*?)</', text, re.S):
        if "ec-term" not in classes and words(inside):
            yield words(inside)


@pytest.mark.parametrize("module", load_pages(), ids=ADDRESSES)
def test_everything_on_a_page_explains_itself(module: ModuleType, churn: Churn) -> None:
    path = getattr(module, "PATH", "/")
    for query in ADDRESSES[path]:
        with churn.app.server.test_request_context(path + query):
            layout = module.layout(**dict(parse_qsl(query[1:])))
        text = html_of(layout)
        names = {name for name in unexplained(text) if not DAY.match(name)}
        assert names == set(), path + query
        if path != "/" and not query:
            assert len(re.findall("data-term=", text)) > 10


def test_the_evidence_before_a_promotion_explains_itself(churn: Churn) -> None:
    evidence = promotion_evidence.gather(churn.app.services, A, now_ms())
    body = dialog.content(evidence, "promote").body
    assert list(unexplained(body)) == []
    for row in re.findall(r'<th scope="row">(.*?)</th>', body):
        assert "data-term=" in row


def test_a_heading_without_a_term_is_noticed() -> None:
    text = '<th scope="col">Odd</th><dt>Odder</dt><span class="ec-verdict">Oddest</span>'
    text += "<section><details><summary><h2>Oddly</h2></summary></details></section>"
    assert list(unexplained(text)) == ["Odd", "Odder", "Oddly", "Oddest"]


def test_scripts_name_terms_of_the_glossary() -> None:
    keys = set()
    for script in (ROOT / "assets/js").glob("*.js"):
        code = script.read_text("utf-8")
        keys |= set(re.findall(r'terms\.(?:html|mark)\(\s*"(\w+)"', code))
        keys |= set(re.findall(r'\bterm: "(\w+)"', code))
        keys |= set(re.findall(r'\bcell\("(\w+)"', code))
        keys |= set(re.findall(r'"compare-(gain|cost)"', code))
    assert (
        {"this_cell", "favours", "true_positives", "threshold", "gain", "cost"}
        <= keys
        <= TERMS.keys()
    )
