"""A comparison has no words of games where the model's inputs aren't games."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.unit.compare.conftest import Compare
from webapp.cases import Features
from webapp.components.markup import markup
from webapp.pages.compare import browser_data, report, sections
from webapp.pages.compare.csv_tables import tables
from webapp.pages.compare.view import View
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.as_json import as_json
from webapp.services.compare.sentence import compose
from webapp.settings import ROOT
from webapp.stats.counts import Counts

INPUTS = Features(("late_payment", "complaint", "new_contract"))
GAMES_WORDS = re.compile(
    r"\b(games?|players?|buy(s|ers?)?|bought|own(s|ed|ers?)?|purchase)\b", re.I
)


@pytest.fixture(params=["outcomes", "no outcomes"])
def answer(request: pytest.FixtureRequest, compare: Compare) -> ComparisonReport:
    made_up = compare(INPUTS)
    if request.param == "outcomes":
        return made_up
    n = np.zeros_like(made_up.events)
    return ComparisonReport(**vars(made_up) | {"labelled": Counts(n, n), "best": ()})


def page_markup(answer: ComparisonReport) -> str:
    return str([part.to_plotly_json() for part in sections.sections(answer, View())])


def test_page_api_report_and_scripts_speak_of_cases(answer: ComparisonReport) -> None:
    texts = {
        "page": page_markup(answer),
        "headline": markup(sections.headline(compose(answer))),
        "API": json.dumps(as_json(answer)),
        "scripts": browser_data.to_json(browser_data.page_data(answer)),
        "CSV": json.dumps(tables(answer)),
        "report": report.render(answer, 0).split("<script>")[0].split("</head>")[1],
    }
    for place, text in texts.items():
        match = GAMES_WORDS.search(text)
        assert match is None, (place, text[match.start() - 60 : match.end() + 60])
    assert "late_payment" in texts["scripts"]


def test_the_words_of_games_are_found_where_inputs_are_games(compare: Compare) -> None:
    games = compare(Features.numbered(3))
    assert GAMES_WORDS.search(page_markup(games))
    assert GAMES_WORDS.search(browser_data.to_json(browser_data.page_data(games)))


def test_the_scripts_have_no_words_of_games_of_their_own() -> None:
    for name in ("73-flips", "73-threshold", "74-compare"):
        text = (ROOT / "assets" / "js" / f"{name}.js").read_text("utf-8")
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
        texts = re.sub(r"cases\.owned|\"bought\"", "", code)  # a function, and a column's key
        assert not GAMES_WORDS.search(texts), name
