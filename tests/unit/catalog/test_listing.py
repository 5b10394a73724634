"""The lines of ``everycase versions``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.versions import scores_for
from webapp.cases import Features
from webapp.catalog.listing import as_json, as_line
from webapp.catalog.prepared import Facts, write_prepared
from webapp.catalog.scan import CatalogEntry

GAMES = {"rows": "1:4000", "source": "https://example.org/a/games.csv", "estimator": "logit"}


def entry_of(tmp_path: Path, names: tuple[str, ...], training: Any, *warnings: str) -> CatalogEntry:
    features = Features(names)
    write_prepared(tmp_path / "v", Facts("d", names, training=training), scores_for(features))
    return CatalogEntry("shop_v1", "ready", None, warnings, str(tmp_path / "v"))


@pytest.mark.parametrize(
    ("names", "training", "text"),
    [
        (("a", "b"), GAMES, "2 features, a to b. Trained on rows 1:4000 of games.csv (logit)."),
        (
            ("a", "b"),
            {"estimator": "imported table", "source": "t.csv", "why": "a rule."},
            "2 features, a to b. Imported from t.csv. Why: a rule.",
        ),
        (("a", "b"), {**GAMES, "estimator": 5}, "2 features, a to b. Trained on rows 1:4000 of "),
        (("only",), {}, "1 feature, only."),
        (("only",), {"rows": 5, "source": ["x"]}, "1 feature, only."),
        (("a\x1b[31m\nb", "c"), {}, "2 features, a�[31m�b to c."),
    ],
)
def test_a_version_that_is_served(
    tmp_path: Path, names: tuple[str, ...], training: Any, text: str
) -> None:
    line = as_line(entry_of(tmp_path, names, training, "Mind the gap."))
    name, status, rest = line.split(maxsplit=2)
    assert (name, status) == ("shop_v1", "ready")
    assert rest.startswith(text)
    assert rest.endswith(" Mind the gap.")
    assert line.isprintable()


def test_json_has_it_whole(tmp_path: Path) -> None:
    entry = as_json(entry_of(tmp_path, ("a", "b"), GAMES, "Mind the gap."))
    assert entry == {
        "name": "shop_v1",
        "status": "ready",
        "reason": None,
        "features": ["a", "b"],
        "classes": [],
        "positive": None,
        "training": GAMES,
        "answered_by": {},
        "environment_cost": {},
        "warnings": ["Mind the gap."],
    }


def test_what_the_probability_stands_for(tmp_path: Path) -> None:
    facts = Facts("d", ("a", "b"), classes=("churn", "stay"), positive="churn")
    write_prepared(tmp_path / "v", facts, scores_for(Features(("a", "b"))))
    entry = CatalogEntry("shop_v1", "ready", place=str(tmp_path / "v"))
    assert as_line(entry).endswith("2 features, a to b. Probability of churn.")
    assert as_json(entry)["positive"] == "churn"
    waiting = CatalogEntry("shop_v2", "needs a choice", "Its classes …", classes=("churn", "stay"))
    assert as_line(waiting).split(maxsplit=1)[1] == "needs a choice Its classes …"
    assert (as_json(waiting)["classes"], as_json(waiting)["positive"]) == (["churn", "stay"], None)


def test_versions_that_are_not_served(tmp_path: Path) -> None:
    assert as_line(CatalogEntry("a_v1", "preparing")).split() == ["a_v1", "preparing"]
    broken = CatalogEntry("a_v1", "unavailable", "it is a pickle")
    assert as_line(broken).split(maxsplit=2) == ["a_v1", "unavailable", "it is a pickle"]
    assert as_json(broken)["features"] == []
    missing = CatalogEntry("a_v1", "ready", place=str(tmp_path / "gone"))
    assert as_line(missing).split() == ["a_v1", "ready"]
