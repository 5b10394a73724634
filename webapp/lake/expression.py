"""The one expression: a row's case and hour, and how many rows there are of each.

It is Ibis: DuckDB, Spark, PostgreSQL, BigQuery, Athena and Trino get it in their own SQL.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import ibis

from webapp.lake.columns import NOWHERE, Columns, Flags
from webapp.lake.times import Time

CASE, SCORE, VERSION, DAY = "case", "score", "version", "day"


@dataclass(frozen=True)
class Span:
    """Times in ``[since, until)``, in ms. From ``hours`` on they are counted by the hour."""

    since: int
    until: int
    hours: int


def counts(columns: Columns, span: Span) -> Any:
    """How many rows of each version, period, case and label: the whole idea in one GROUP BY.

    Cases below 0 are rows that have none. Periods are ms since 1970: days, and hours from
    ``span.hours`` on.
    """
    time = columns.time
    rows = within(columns.table, time, span)
    period = _period(time, span)
    keys = {"period": period, "case": columns.flags.case, "label": columns.label}
    is_one = isinstance(columns.version, str)  # a name that all rows have is no key
    if not is_one:
        keys["version"] = columns.version
    keyed = rows.select(**keys)
    found = keyed.group_by(*keys).aggregate(n=keyed.count())
    version = ibis.literal(columns.version) if is_one else found.version
    label = found.label.cast("int32").fill_null(NOWHERE)
    period = time.in_ms(found.period)
    return found.select("case", label=label, n=found.n, period=period, version=version)


def extent(table: Any, time: Time) -> Any:
    """The first and last day, the number of rows, and of those that have a time."""
    rows = table.select(at=time.at)
    found = rows.aggregate(
        first=rows.at.min(), last=rows.at.max(), rows=rows.count(), timed=rows.at.count()
    )
    first, last = time.of(found.first).day(), time.of(found.last).day()
    return found.select("rows", "timed", first=time.in_ms(first), last=time.in_ms(last))


def days(columns: Columns, span: Span) -> Any:
    """The days that have rows at all, as ms since 1970, and how many."""
    time = columns.time
    rows = within(columns.table, time, span).select(day=time.day())
    found = rows.group_by("day").aggregate(n=rows.count())
    return found.select("n", day=time.in_ms(found.day))


def scored(table: Any, case: Any, scores: Any, version: str) -> Any:
    """Every row with its score: a join with the score table. Without a case it has no score.

    A column of the source's that has the name of one of ours keeps it; ours gets a longer one.
    """
    rows = table.mutate(scored_by=case)
    joined = rows.left_join(scores, rows.scored_by == scores.scored_case)
    added = {
        CASE: joined.scored_case,
        SCORE: joined.scored_score,
        VERSION: ibis.literal(version),
    }
    named = {own_name(name, table.columns): value for name, value in added.items()}
    return joined.select(*(joined[name] for name in table.columns), **named)


def own_name(name: str, taken: Collection[str]) -> str:
    """What a column of ours is called beside those of the source."""
    return f"everycase_{name}" if name in taken else name


def wrong(table: Any, flags: Flags) -> Any:
    """How many rows have no case, by what is wrong with each of their columns.

    A query of its own: within the one that counts it would cost more than all the rest.
    """
    odd = table.filter(~flags.fine.fill_null(False))
    checks = {f"check{i}": check for i, check in enumerate(flags.checks.values())}
    rows = odd.select(**checks)
    return rows.group_by(*checks).aggregate(n=rows.count())


def within(table: Any, time: Time, span: Span) -> Any:
    """The rows of a span."""
    return table.filter(time.since(span.since), time.before(span.until))


def _period(time: Time, span: Span) -> Any:
    if span.since >= span.hours:
        return time.hour()
    if span.until <= span.hours:
        return time.day()
    return ibis.cases((time.since(span.hours), time.hour()), else_=time.day())
