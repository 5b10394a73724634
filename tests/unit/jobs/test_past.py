"""However many checks there were, none of what matured is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import PLAN, Installation
from tests.support.labelled_events import record_labelled
from webapp.catalog.prepared import read_prepared
from webapp.db.database import Database
from webapp.db.tables import checks
from webapp.db.tables.checks import Check, Checks

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = ["G1", "G2"]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "BATCHES", 4)


def test_what_matured_long_ago_is_learned_from(
    database: Database, address: str, tmp_path: Path
) -> None:
    installation, plan = Installation(tmp_path, address), replace(PLAN, policy="never")
    record_labelled(database, 3000, shift=0.0)
    assert installation.run(plan).status == "waits"
    for seed in range(1, 8):
        record_labelled(database, 10, shift=0.0, seed=seed)
        installation.run(plan)
    assert len(Checks(database).batches("real")) == 4
    outcome = installation.run(replace(plan, now=True, promote=False))
    assert outcome.check is not None
    folder = installation.models / str(outcome.check.version) / "everycase"
    facts = read_prepared(folder).facts.training
    assert facts["n"] + facts["held_out"]["n"] == 3070


def batch(names: list[str], *blocks: dict[str, list[int]]) -> dict[str, Any]:
    return {"features": names, "blocks": list(blocks)}


def add(database: Database, *batches: dict[str, Any]) -> None:
    table = Checks(database)
    for batch in batches:
        last = table.last()
        new = Check(
            *(0, 0, 0, 0, "never", "real", "ann", "a_v1", "wait", None, None),
            explanation="",
            evidence={},
            batch=batch,
        )
        table.add(new, last.id if last else None)


def test_the_oldest_goes_into_the_next(database: Database) -> None:
    first = batch(NAMES, {"0": [1, 2], "3": [0, 1]}, {"0": [1, 0]})
    rest = [batch(NAMES, {"0": [n, 0]}) for n in (10, 20, 30, 40, 50)]
    add(database, first, *rest)
    table = Checks(database)
    assert table.batches("real") == [
        batch(NAMES, {"0": [32, 2], "3": [0, 1]}),
        *rest[2:],
    ]
    assert len(table.history()) == 6, "the checks themselves stay"


def test_those_of_other_inputs_are_kept_apart(database: Database) -> None:
    other = batch(["H"], {"1": [5, 5]})
    rest = [batch(NAMES, {"0": [n, 0]}) for n in (1, 2, 3, 4, 5)]
    add(database, other, *rest)
    assert Checks(database).batches("real") == [other, batch(NAMES, {"0": [3, 0]}), *rest[2:]]


def test_a_check_without_news_is_no_burden(database: Database) -> None:
    add(database, batch(NAMES, {"0": [1, 1]}), *[batch(NAMES)] * 8)
    assert Checks(database).batches("real") == [batch(NAMES, {"0": [1, 1]}), *[batch(NAMES)] * 3]


def test_those_of_the_other_class_are_kept_apart(database: Database) -> None:
    churn, stay = (
        {"positive": a, "negative": b} for a, b in (("churn", "stay"), ("stay", "churn"))
    )
    other = batch(NAMES, {"1": [5, 5]}) | {"meaning": churn}
    rest = [batch(NAMES, {"0": [n, 0]}) | {"meaning": stay} for n in (1, 2, 3, 4, 5)]
    add(database, other, *rest)
    total = batch(NAMES, {"0": [3, 0]}) | {"meaning": stay}
    assert Checks(database).batches("real") == [other, total, *rest[2:]]
