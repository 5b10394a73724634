"""What a version is and was trained on, in the words of the Models page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support import populations
from tests.support.versions import ready
from webapp.catalog.environment import environment_warnings
from webapp.catalog.prepared import Facts
from webapp.catalog.versions import Version
from webapp.components import shell
from webapp.components.markup import markup
from webapp.pages.models import descriptions
from webapp.pages.models import versions as versions_table
from webapp.services.models.leaderboard import Leaderboard


@pytest.mark.parametrize(
    ("training", "flavor", "expectation"),
    [
        ({"estimator": "logit"}, "sklearn", "logistic regression"),
        ({"estimator": "hgb"}, "sklearn", "gradient boosting"),
        ({"estimator": "keras", "parameters": {"hidden": [16, 8]}}, "keras", "Keras, 2 layers"),
        ({"estimator": "keras", "parameters": {"hidden": [4]}}, "keras", "Keras, 1 layer"),
        ({"estimator": "keras", "parameters": "?"}, "keras", "Keras"),
        ({"estimator": "forest of mine"}, "sklearn", "forest of mine"),
        ({"estimator": 5}, "sklearn", "scikit-learn"),
        ({}, "python_function", "Python model"),
        ({}, "", ""),
    ],
)
def test_kinds(training: dict[str, Any], flavor: str, expectation: str) -> None:
    version = ready("a_v1")
    assert version.prepared is not None
    facts = Facts("d", training=training, flavor=flavor)
    assert descriptions.kind(replace(version.prepared, facts=facts)) == expectation


@pytest.mark.parametrize(
    ("training", "expectation"),
    [
        ({"rows": "8001:12000", "n": 4000}, ("rows 8,001–12,000", "4,000 events")),
        ({"rows": ["odd"], "n": "many"}, ("unknown", "")),
        ({}, ("unknown", "")),
        ({"n": 7}, ("", "7 events")),
        (
            {"period": {"to": "2026-11-22T10:00:00Z"}, "source": "the event log", "n": 5},
            ("traffic to 22 Nov", "5 events"),
        ),
        (
            {"period": {"to": "2026-11-22T10:00:00Z"}, "source": "simulated traffic", "n": 5},
            ("simulated traffic to 22 Nov", "5 events"),
        ),
        ({"period": {"to": "soon"}, "n": 5}, ("", "5 events")),
        ({"estimator": "imported table", "source": "a.csv"}, ("table a.csv", "")),
        ({"estimator": "imported table", "source": 5, "n": 7}, ("table 5", "7 events")),
    ],
)
def test_what_it_was_trained_on(training: dict[str, Any], expectation: tuple[str, str]) -> None:
    assert descriptions.trained_on(Facts("d", training=training)) == expectation


def test_a_version_that_ran_code_is_marked() -> None:
    version = ready("own_v1")
    assert version.prepared is not None
    assert descriptions.own_code(version) is None
    facts = replace(version.prepared.facts, code="in <model>.py")
    version = replace(version, prepared=replace(version.prepared, facts=facts))
    assert descriptions.own_code(version) == "Ran its own code, in <model>.py"
    rest = None, None, Leaderboard(0, 1), {version.name: 0}
    table = versions_table.table([version], *rest, can_admin=False)
    assert "Ran its own code, in &lt;model&gt;.py" in markup(table)


@pytest.mark.parametrize(
    ("python", "expectation"),
    [
        ("3.9.18", ("good", "its own: Python 3.9.18, scikit-learn 1.2.2")),
        ("3.11.7", ("bad", "Python 3.9.13 when saved, Python 3.11.7 in its own")),
    ],
)
def test_its_own_environment_is_a_fact(python: str, expectation: tuple[str, str]) -> None:
    version = ready("old_v1")
    assert version.prepared is not None
    facts = replace(
        version.prepared.facts,
        environment={"python": "3.9.13", "scikit-learn": "1.2.2"},
        answered_by={"python": python, "scikit-learn": "1.2.2"},
        cost={"seconds": 12.3, "megabytes": 206.2},
    )
    assert environment_warnings(facts) == ()
    version = replace(version, prepared=replace(version.prepared, facts=facts))
    assert descriptions.environment(version) == expectation
    rest = None, None, Leaderboard(0, 1), {version.name: 0}
    text = markup(versions_table.table([version], *rest, can_admin=False))
    assert "Its environment took 12 s to build and takes 206 MB." in text
    (option,) = shell.picker_data([version], version.name)
    assert option["note"].startswith(f"Answered by Python {python}, scikit-learn 1.2.2")


def with_environment(flavor: str, warning: dict[str, str], here: dict[str, str]) -> Version:
    version = ready("a_v1")
    assert version.prepared is not None
    facts = replace(version.prepared.facts, flavor=flavor, environment=warning)
    warnings = environment_warnings(facts, here.get)
    return replace(version, prepared=replace(version.prepared, facts=facts), warnings=warnings)


@pytest.mark.parametrize(
    ("flavor", "warning", "here", "expectation"),
    [
        ("sklearn", {"scikit-learn": "1.9.1"}, {"scikit-learn": "1.9.1"}, ("good", "matches")),
        (
            "sklearn",
            {"scikit-learn": "1.7.2"},
            {"scikit-learn": "1.9.1"},
            ("bad", "scikit-learn 1.7.2 when saved, 1.9.1 here"),
        ),
        ("keras", {"keras": "3.1"}, {}, ("unsure", "not checked")),
        ("sklearn", {}, {}, ("unsure", "not checked")),
    ],
)
def test_environments(
    flavor: str, warning: dict[str, str], here: dict[str, str], expectation: tuple[str, str]
) -> None:
    version = with_environment(flavor, warning, here)
    assert descriptions.environment(version) == expectation
    assert (descriptions.from_table(version) is not None) == (flavor == "keras")
    assert descriptions.notes(version) == []


def test_what_flatters_a_version_and_what_it_lacks_stands_in_its_row() -> None:
    """Shipped trees: 22.7 % skill on their rows, 18.8 % in cross-validation, as docs say."""
    whole = Version("hgb_games_v1", "ready", prepared=populations.shipped("hgb_games_v1"))
    old, bare = ready("a_v1"), ready("b_v1", seed=1, baseline=False)
    assert old.prepared is not None
    rows = {old.prepared.facts.build: ("rows.csv", 2000)}

    def text(*versions: Version) -> str:
        rest = None, None, Leaderboard(0, 1), {version.name: 0 for version in versions}
        table = versions_table.table(versions, *rest, can_admin=False)
        assert "evaluate" not in markup(table) or "<code>everycase evaluate" in markup(table)
        later = versions_table.table(versions, *rest, can_admin=False, rows_by_build=rows)
        return markup(table) + "|" + markup(later)

    assert "skill 22.7\u00a0%, in cross-validation 18.8\u00a0%" in text(whole)
    assert "came without" not in text(whole)
    before, after = text(old).split("|")
    assert "came without a cross-validation: <code>everycase evaluate a_v1 --data FILE" in before
    assert "held against 2,000 rows of rows.csv" in after
    assert "came without" not in after
    assert "came without training counts: <code>everycase evaluate b_v1" in text(bare)
