"""A version that waits until somebody says which of its classes its probability stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support.events import make_event
from tests.support.models_view import drawn, plain, texts
from tests.support.traffic import NOW, A, shipped, with_versions
from tests.support.versions import HandCatalog, ready
from webapp.api.auth import Access
from webapp.cases import Features, InputError
from webapp.catalog.classes import describe_choice
from webapp.catalog.versions import Version
from webapp.pages.models import choice, descriptions
from webapp.services.compare.comparison import choose_versions
from webapp.services.context import Services
from webapp.services.models.positive_class import choose
from webapp.services.models.positive_class import describe_choice as describe_choice_made
from webapp.services.models.promotion_preview import preview_promotion
from webapp.services.predict import view as predict_view
from webapp.services.predict.version_choice import (
    UnknownVersionError,
    VersionNotReadyError,
    resolve,
)

CLASSES = ("churn", "stay <now>")
WAITING = Version(
    "churn_v1",
    "needs a choice",
    describe_choice("churn_v1", CLASSES),
    digest="d" * 64,
    classes=CLASSES,
)


@pytest.fixture
def copies() -> list[Mapping[str, str]]:
    return []


@pytest.fixture
def services(copies: list[Mapping[str, str]]) -> Iterator[Services]:
    test_services = replace(with_versions(shipped(A), WAITING), share_choices=copies.append)
    yield test_services
    test_services.close()


def test_a_choice_is_recorded_for_its_model(
    services: Services, copies: list[Mapping[str, str]]
) -> None:
    assert choose(services, "churn_v1", "Churn", "ann", 1) == "churn"
    assert services.class_choices.by_digest() == {"d" * 64: "churn"} == copies[-1]
    assert choose(services, "churn_v1", "stay <now>", "ann", 2) == "stay <now>"
    assert services.class_choices.by_digest() == {"d" * 64: "stay <now>"} == copies[-1]


@pytest.mark.parametrize(
    ("version", "positive", "error", "message"),
    [
        ("churn_v2", "churn", UnknownVersionError, "there is no version churn_v2"),
        ("churn_v1", "chrun", InputError, "positive is chrun: send churn or stay <now>"),
        ("churn_v1", "", InputError, "positive is empty: send churn or stay <now>"),
        (A, "1", InputError, f"version {A} has no classes to choose from"),
    ],
)
def test_what_can_not_be_chosen(
    services: Services,
    copies: list[Mapping[str, str]],
    version: str,
    positive: str,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        choose(services, version, positive, "ann", 1)
    assert (services.class_choices.by_digest(), copies) == ({}, [])


def test_versions_of_the_other_class_are_named(services: Services) -> None:
    catalog: Any = services.catalog
    catalog.by_name["churn_v2"] = replace(named("churn"), name="churn_v2")
    text = describe_choice_made(services, "churn_v1", "churn")
    assert text == "The probability of churn_v1 is that of churn from now on."
    services.log.record_all([make_event(NOW, version="churn_v1")], lambda _: None)
    with_events = describe_choice_made(services, "churn_v1", "churn")
    assert "Its events in the log keep their labels, and 1 counts as churn in all" in with_events
    text = describe_choice_made(services, "churn_v1", "no")
    assert text.endswith("churn_v2 is of another class: they can't be compared with it.")


def test_it_answers_nobody_and_says_why(services: Services) -> None:
    with pytest.raises(VersionNotReadyError, match="churn_v1 needs a choice: Its classes") as error:
        resolve(services, "churn_v1")
    assert error.value.lasting, "waiting won't help"


def test_the_page_lists_the_classes_and_how_to_choose(
    services: Services, permissions: Access
) -> None:
    content = drawn(services, permissions)
    text = plain(content)
    assert "1 version answers, logit_games_v1 by default. 1 version needs a choice." in text
    assert "can't be served" not in text
    assert "Needs a choice Its classes are churn and stay &lt;now&gt;: choose the one" in text
    assert "<code>everycase choose churn_v1 --positive churn</code>" in texts(content)
    (button,) = re.findall(r"<button[^>]*data-choose=.churn_v1.[^>]*>", texts(content))
    assert "disabled" in button
    assert "data-positive" not in texts(content), "the dialog is an administrator's"


def test_the_dialog_has_a_button_for_each_class() -> None:
    from webapp.components.markup import markup

    html = markup(choice.parts(WAITING, can_admin=True))
    assert 'data-choose="churn_v1"' in html
    assert "disabled" not in html.split("</button>")[0]
    assert 'data-positive="churn"' in html
    assert 'data-positive="stay &lt;now&gt;"' in html
    assert choice.parts(shipped(A), can_admin=True) == []


def named(positive: str) -> Version:
    version = ready("churn_v1", Features(("a", "b")))
    assert version.prepared is not None
    facts = replace(version.prepared.facts, classes=("no", positive), positive=positive)
    return replace(version, prepared=replace(version.prepared, facts=facts))


@pytest.mark.parametrize(
    ("positive", "text"),
    [
        ("churn", "probability of churn"),
        ("yes", "probability of class yes"),
        ("1", "probability of class 1"),
    ],
)
def test_the_class_of_the_probability_is_shown(positive: str, text: str) -> None:
    assert descriptions.kind(named(positive).prepared) == text


def test_the_api_has_the_classes(services: Services) -> None:
    from webapp.api.v1.versions import one_version

    catalog: Any = services.catalog
    assert isinstance(catalog, HandCatalog)
    facts = one_version(services, "churn_v1")
    assert (facts["status"], facts["classes"], facts["positive"]) == (
        "needs a choice",
        list(CLASSES),
        None,
    )
    catalog.by_name["churn_v1"] = named("churn")
    facts = one_version(services, "churn_v1")
    assert (facts["classes"], facts["positive"]) == (["no", "churn"], "churn")
    catalog.by_name["churn_v1"] = named("stay")
    assert one_version(services, "churn_v1")["digest"] != facts["digest"], "a cache must notice"


def test_versions_of_different_classes_are_not_compared() -> None:
    one, other = named("churn"), replace(named("churn"), name="stay_v1")
    assert one.prepared is not None
    assert other.prepared is not None
    facts = replace(other.prepared.facts, positive="no")
    other = replace(other, prepared=replace(other.prepared, facts=facts))
    services = replace(with_versions(one, other), champion="churn_v1")
    with pytest.raises(InputError, match="can't have stay_v1 beside churn_v1: they are of differ"):
        choose_versions(services, ["churn_v1", "stay_v1"])
    with pytest.raises(InputError, match="needs a second version"):
        choose_versions(services, [])
    preview = preview_promotion(services, "stay_v1", NOW)
    assert preview.gate is None
    assert preview.sentence == "The two versions' probabilities are those of different classes."
    rows = predict_view.others(services, one)
    assert [(row["version"], row["scores"] is None) for row in rows] == [
        ("churn_v1", False),
        ("stay_v1", True),
    ]
    services.close()
