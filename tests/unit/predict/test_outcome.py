"""A positive class with a name of its own, such as churn, is named beside its probability."""

from __future__ import annotations

from dataclasses import replace

import dash
import pytest

from tests.support.event_logs import hand_services
from tests.support.models_view import plain
from tests.support.versions import ready
from webapp.cases import Features
from webapp.catalog.versions import Version
from webapp.components.first_paint import first_paint
from webapp.pages.predict.page import change_version
from webapp.pages.predict.score_result import show_result
from webapp.services.predict import view as predict_view
from webapp.services.predict.score_file import PreviewRow, ScoredFile
from webapp.services.status import status

INPUTS = Features(("late", "new"))


def version(name: str, positive: str | None) -> Version:
    plain_version = ready(name, INPUTS)
    assert plain_version.prepared is not None
    facts = replace(plain_version.prepared.facts, positive=positive)
    return replace(plain_version, prepared=replace(plain_version.prepared, facts=facts))


@pytest.mark.parametrize(
    ("positive", "text"),
    [
        ("churn", "Probability of churn"),
        ("1", "Probability of a yes"),
        (None, "Probability of a y"),
    ],
)
def test_what_the_page_says_before_and_after_its_scripts(positive: str | None, text: str) -> None:
    services = hand_services([version("a_v1", positive)])
    view = predict_view.view(services, {"late": "1"})
    assert text in first_paint(view, status(services))
    page = change_version(services, {"version": "a_v1"}, None)
    assert text in plain(page["body"])
    assert page["table"]["words"]["answer"].startswith(text)
    services.close()


def test_another_class_redraws_the_page_and_another_version_does_not() -> None:
    services = hand_services([version(f"{name}_v1", name) for name in ("churn", "stay")])
    services.catalog.by_name["more_v1"] = version("more_v1", "churn")  # type: ignore[attr-defined]
    table = change_version(services, {"version": "churn_v1"}, None)["table"]
    table = {"features": table["features"], "answer": table["words"]["answer"]}
    same = change_version(services, {"version": "more_v1"}, table)
    assert same["body"] is dash.no_update
    other = change_version(services, {"version": "stay_v1"}, table)
    assert "Probability of stay" in plain(other["body"])
    assert other["table"]["words"]["outcome_question"] == "Was it stay?"
    services.close()


@pytest.mark.parametrize(("positive", "head"), [("churn", "Probability of churn"), ("yes", None)])
def test_a_scored_file_has_it_above_its_column(positive: str, head: str | None) -> None:
    row = PreviewRow(2, 1, 0.25, 3)
    outcome = ScoredFile("f.csv", "a_v1", "line", 1, 0.25, 0.25, 0, 0, (), (row,), 0.1)
    text = plain(show_result(outcome, version("a_v1", positive)))
    assert (head or "Probability") in text
    assert ("Probability of" in text) == (head is not None)
