"""Changes in a lake that aren't new evidence, so retraining must ignore them.

Most days that are recounted have grown: late outcomes, which are new evidence. But a recount can
also correct errors, and then some cells rise while others fall. Of the rise, as many events as
fell elsewhere were moved. Which ones is unknown, so they are taken in proportion. Removing a
dataset, or counting it again after that, is no new evidence either.

``lake_corrections`` stores the sum of such changes. The counts minus that sum are the matured
events that retraining sees, which never fall.
"""

from __future__ import annotations

from collections import Counter

from webapp.db.database import Link
from webapp.db.sql import insert_into

Matured = tuple[str, int, int]  # version, case, label

_KEY = ("dataset", "day", "version", '"case"', "label")
_NAMES = ", ".join(_KEY)
_UPSERT = f"ON CONFLICT ({_NAMES}) DO UPDATE SET n = lake_corrections.n + excluded.n"


def note(
    link: Link,
    dataset: str,
    day: int,
    before: Counter[Matured],
    now: Counter[Matured],
    again: bool,
) -> None:
    """Record the corrections of a day that was counted, ``again`` or for the first time.

    ``before`` and ``now`` are its matured events before and after.
    """
    changes = {cell: now[cell] - before[cell] for cell in {*before, *now}}
    if not again and not _was_forgotten(link, dataset, day):
        return
    evidence = new_evidence(changes) if again else {}
    _add(link, dataset, day, {cell: n - evidence.get(cell, 0) for cell, n in changes.items()})


def note_forgotten(link: Link, dataset: str, day: int, before: Counter[Matured]) -> None:
    """Record that a day is removed; ``before`` are its matured events."""
    _add(link, dataset, day, {cell: -n for cell, n in before.items()})


def _add(link: Link, dataset: str, day: int, changes: dict[Matured, int]) -> None:
    rows = sorted((dataset, day, *cell, n) for cell, n in changes.items() if n)
    if rows:
        link.run_many(f"{insert_into('lake_corrections', (*_KEY, 'n'))} {_UPSERT}", rows)
        zeros = "DELETE FROM lake_corrections WHERE dataset = ? AND day = ? AND n = 0"
        link.run(zeros, (dataset, day))


def new_evidence(changes: dict[Matured, int]) -> dict[Matured, int]:
    """The part of the changes that is new: as many events as the total has grown by."""
    rises = {cell: n for cell, n in changes.items() if n > 0}
    growth, rise = sum(changes.values()), sum(rises.values())
    if growth <= 0:
        return {}
    evidence = {cell: n * growth // rise for cell, n in rises.items()}
    # What was lost by rounding down goes to the largest remainders.
    order = sorted(rises, key=lambda cell: (-(rises[cell] * growth % rise), cell))
    for cell in order[: growth - sum(evidence.values())]:
        evidence[cell] += 1
    return evidence


def _was_forgotten(link: Link, dataset: str, day: int) -> bool:
    select = "SELECT 1 FROM lake_corrections WHERE dataset = ? AND day = ? LIMIT 1"
    return link.run(select, (dataset, day)).fetchone() is not None
