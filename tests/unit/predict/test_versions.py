"""Which version answers, and what a link shows when it asks for what isn't there."""

import base64

import numpy as np
import pytest

from tests.support.event_logs import hand_services
from tests.support.versions import broken, ready
from webapp.cases import Features
from webapp.catalog.versions import Version
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.predict import view as predict_view
from webapp.timing import now_ms

GAMES = Features.numbered(10)
CHAMPION = "logit_games_v1"


def services(*versions: object) -> Services:
    return hand_services(versions)  # type: ignore[arg-type]


def test_the_default_champion_answers() -> None:
    both = services(ready("a_v1", seed=1), ready(CHAMPION, seed=2))
    name, prepared = version_choice.resolve(both, None)
    assert name == CHAMPION
    assert prepared is both.catalog.get(CHAMPION).prepared  # type: ignore[union-attr]


def test_a_broken_champion_is_never_replaced_silently() -> None:
    with pytest.raises(
        version_choice.VersionNotReadyError, match="logit_games_v1 is unavailable: torn"
    ):
        version_choice.resolve(services(ready("a_v1"), broken(CHAMPION, "torn")), None)


@pytest.mark.parametrize("version", [None, broken("b_v1", "wait", "preparing")])
def test_the_one_before_answers_while_a_new_champion_is_on_its_way(
    version: Version | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine has it already, or it is being prepared here; for two minutes at most."""
    there = services(ready("a_v1"), *([version] if version else []))
    there.ledger.promote("b_v1", actor="ann", reason="", default="a_v1")
    assert version_choice.resolve(there, None)[0] == "a_v1"
    later = now_ms() + version_choice.ARRIVAL_MS + 1000
    monkeypatch.setattr(version_choice, "now_ms", lambda: later)
    with pytest.raises(version_choice.VersionNotReadyError, match="b_v1"):
        version_choice.resolve(there, None)


def test_a_new_champion_that_is_broken_is_reported_at_once() -> None:
    there = services(ready("a_v1"), broken("b_v1", "torn"))
    there.ledger.promote("b_v1", actor="ann", reason="", default="a_v1")
    with pytest.raises(version_choice.VersionNotReadyError, match="b_v1 is unavailable: torn"):
        version_choice.resolve(there, None)


def test_a_folder_without_the_champion_has_its_own() -> None:
    own = services(broken("a_v1", "torn"), ready("churn_v1"))
    assert version_choice.champion(own).name == "churn_v1"  # type: ignore[union-attr]


def test_nothing_there() -> None:
    with pytest.raises(version_choice.VersionNotReadyError, match="no version"):
        version_choice.resolve(services(), None)
    view = predict_view.view(services(), {})
    assert view.prepared is None
    assert view.problems == ("There is no model yet.",)


def test_unknown_version() -> None:
    with pytest.raises(version_choice.UnknownVersionError, match="there is no version nope"):
        version_choice.resolve(services(ready(CHAMPION)), "nope")


@pytest.mark.parametrize(
    ("query", "case", "problem"),
    [
        ({}, 0, None),
        ({"G1": "1", "G10": "1"}, 513, None),
        ({"G1": "0"}, 0, None),
        ({"G1": "7"}, 0, "G1=7 in this link isn't 0 or 1, so it was ignored."),
        (
            {"G1": "1", "colour": "red"},
            1,
            "This model has no input colour (it has G1 to G10), so it was ignored.",
        ),
        ({"g1": "1", " G10": "1"}, 513, None),
        ({"g1": "1", "G1": "0"}, 1, "G1=0 in this link contradicts another value of G1, so it"),
        ({"g1": "7"}, 0, "g1=7 in this link isn't 0 or 1, so it was ignored."),
        ({"version": "nope"}, 0, "There is no version nope, so logit_games_v1 is shown."),
        ({"version": "b_v1"}, 0, "b_v1 is unavailable (torn), so logit_games_v1 is shown."),
        ({"utm_source": "mail", "fbclid": "x", "G2": "1"}, 2, None),
    ],
)
def test_a_link_always_shows_something(
    query: dict[str, str], case: int, problem: str | None
) -> None:
    view = predict_view.view(services(ready(CHAMPION), broken("b_v1", "torn.")), query)
    assert view.version is not None
    assert view.version.name == CHAMPION
    assert view.case == case
    assert len(view.problems) == (problem is not None)
    if problem:
        assert view.problems[0].startswith(problem)


def test_a_broken_champion_is_reported_on_the_page() -> None:
    view = predict_view.view(services(ready("a_v1"), broken(CHAMPION, "torn")), {})
    assert view.problems == ("logit_games_v1 is unavailable (torn), so a_v1 is shown.",)


def test_picker_has_the_champion_first_and_the_broken_last() -> None:
    order = version_choice.picker_order(
        services(ready("z_v1"), broken("a_v1", "torn"), ready(CHAMPION), ready("b_v1"))
    )
    assert [version.name for version in order] == [CHAMPION, "b_v1", "z_v1", "a_v1"]


def test_a_table_carries_exact_numbers() -> None:
    version = ready(CHAMPION)
    table = predict_view.table(services(version), version)
    scores = np.frombuffer(base64.b64decode(table["scores"]), "<f8")
    assert np.array_equal(scores, version.prepared.scores)  # type: ignore[union-attr]
    assert table["champion"] is True
    counts = np.frombuffer(base64.b64decode(table["n"]), "<i4")
    assert np.array_equal(counts, version.prepared.baseline.n)  # type: ignore[union-attr]


def test_without_baseline_there_are_no_counts() -> None:
    version = ready(CHAMPION, baseline=False)
    assert predict_view.table(services(version), version)["n"] is None


def test_others_are_in_the_order_of_the_version_shown() -> None:
    reversed_order = Features(tuple(reversed(GAMES.names)))
    version, same, other = (
        ready(CHAMPION),
        ready("b_v1", reversed_order, 3),
        ready("c_v1", Features(("x",))),
    )
    rows = predict_view.others(services(version, same, other), version)
    assert [row["version"] for row in rows] == [CHAMPION, "b_v1", "c_v1"]
    assert rows[2]["scores"] is None
    assert sorted(row["look"] for row in rows) == [0, 1, 2]  # a colour each
    scores = np.frombuffer(base64.b64decode(rows[1]["scores"]), "<f8")
    for case in (0, 1, 5, 513, 1023):
        theirs = reversed_order.parse(GAMES.row(case).items())
        assert scores[case] == same.prepared.scores[theirs]  # type: ignore[union-attr]
