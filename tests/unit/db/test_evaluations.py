"""Stored rows of evaluations, as machines that share a database see them."""

from __future__ import annotations

from dataclasses import replace

from webapp.db.database import Database
from webapp.db.tables.evaluations import Evaluation, Evaluations

FIRST = Evaluation("d" * 64, 1, "churn_v1", "rows.csv", "a" * 64, "1:300", 70, 20, "ann")


def test_the_last_rows_of_a_build_hold_for_all(database: Database) -> None:
    one, other = Evaluations(database), Evaluations(database)
    assert other.find(FIRST.build) is None
    assert other.counted(FIRST.build) == []
    one.store(FIRST, [(0, 50, 10), (7, 20, 10)])
    again = replace(FIRST, at=2, version="renamed_v1", n=90)
    one.store(replace(FIRST, build="e" * 64), [(1, 1, 1)])
    one.store(again, [(3, 90, 20)])
    assert other.find(FIRST.build) == again
    assert other.counted(FIRST.build) == [(3, 90, 20)]
    assert other.counted("e" * 64) == [(1, 1, 1)]
    assert one.remove(FIRST.build)
    assert other.find(FIRST.build) is None
    assert not other.remove(FIRST.build)
    assert other.counted("e" * 64) == [(1, 1, 1)]
