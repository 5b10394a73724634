"""HTML components as text."""

from __future__ import annotations

import dash_mantine_components as dmc
import pytest
from dash import dcc, html

from webapp.components.markup import markup, static_html


def test_elements_texts_and_numbers() -> None:
    part = html.Table(
        [html.Tr([html.Th("Pair", scope="row"), html.Td(["n ", html.Strong(3), None], colSpan=2)])],
        className="ec-table",
        style={"left": "1.5%"},
        **{"aria-hidden": "true"},
    )
    assert markup(part) == (
        '<table class="ec-table" style="left:1.5%" aria-hidden="true"><tr><th scope="row">Pair</th>'
        '<td colspan="2">n <strong>3</strong></td></tr></table>'
    )
    assert markup(html.P(["a", html.Br(), "b"])) == "<p>a<br>b</p>"


def test_what_others_wrote_stays_text() -> None:
    evil = '"><script>alert(1)</script>'
    html_text = markup(html.Span(evil, title=evil))
    assert "<script" not in html_text
    assert html_text.count('"') == 2
    assert "<script" not in static_html(html.Span(evil)).to_plotly_json()["props"]["data-markup"]


def test_links_stay_inside() -> None:
    assert markup(dcc.Link("more", href="/drift?a=1&b=2")) == (
        '<a href="/drift?a=1&amp;b=2" data-inside="">more</a>'
    )


def test_a_component_with_a_life_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="Select is no HTML element"):
        markup(html.Div(dmc.Select(id="x")))
