"""What changes in a lake without being news: retraining must not take it for evidence.

A day that is counted again mostly grew: outcomes came late, and are news. But a recount can also
put right what was wrong, and then what rises in one place falls in another. Of what rises, as many
events as fall elsewhere were moved; which ones, nobody knows, so they are taken in proportion. Nor
is it news when a dataset is forgotten, or is counted again after that.

``lake_corrections`` keeps the sum of such changes. The counts less that sum are what had matured
as retraining sees it, which never falls.
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
    """A day was counted: ``before`` is what was known of it, if it was counted ``again``."""
    changes = {cell: now[cell] - before[cell] for cell in {*before, *now}}
    if not again and not _forgotten(link, dataset, day):
        return
    news = news_of(changes) if again else {}
    _add(link, dataset, day, {cell: n - news.get(cell, 0) for cell, n in changes.items()})


def note_forgotten(link: Link, dataset: str, day: int, before: Counter[Matured]) -> None:
    """A day is forgotten: ``before`` is what was known of it."""
    _add(link, dataset, day, {cell: -n for cell, n in before.items()})


def _add(link: Link, dataset: str, day: int, changes: dict[Matured, int]) -> None:
    rows = sorted((dataset, day, *cell, n) for cell, n in changes.items() if n)
    if rows:
        link.run_many(f"{insert_into('lake_corrections', (*_KEY, 'n'))} {_UPSERT}", rows)
        gone = "DELETE FROM lake_corrections WHERE dataset = ? AND day = ? AND n = 0"
        link.run(gone, (dataset, day))


def news_of(changes: dict[Matured, int]) -> dict[Matured, int]:
    """What is new of these changes: as many events as there are more by now."""
    rises = {cell: n for cell, n in changes.items() if n > 0}
    grown, risen = sum(changes.values()), sum(rises.values())
    if grown <= 0:
        return {}
    news = {cell: n * grown // risen for cell, n in rises.items()}
    # What rounding down left goes to the largest remainders.
    order = sorted(rises, key=lambda cell: (-(rises[cell] * grown % risen), cell))
    for cell in order[: grown - sum(news.values())]:
        news[cell] += 1
    return news


def _forgotten(link: Link, dataset: str, day: int) -> bool:
    select = "SELECT 1 FROM lake_corrections WHERE dataset = ? AND day = ? LIMIT 1"
    return link.run(select, (dataset, day)).fetchone() is not None
