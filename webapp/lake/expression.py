"""The queries, as Ibis expressions: count rows by case and hour, and join rows with scores.

Ibis compiles them to the SQL of DuckDB, Spark, PostgreSQL, BigQuery, Athena and Trino.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import ibis

from webapp.lake.columns import MISSING, Columns, Flags
from webapp.lake.times import Time

CASE, SCORE, VERSION, DAY = "case", "score", "version", "day"


@dataclass(frozen=True)
class Span:
    """Times in ``[since, until)``, in ms; counted by the hour from ``hours`` on."""

    since: int
    until: int
    hours: int


def counts(columns: Columns, span: Span) -> Any:
    """The number of rows by version, period, case and label: the whole idea in one GROUP BY.

    Rows without a case get ``MISSING``. Periods are in ms since 1970: days, and hours from
    ``span.hours`` on.
    """
    time = columns.time
    rows = rows_within(columns.table, time, span)
    period = _period(time, span)
    keys = {"period": period, "case": columns.flags.case, "label": columns.label}
    is_one = isinstance(columns.version, str)  # all rows have it, so it isn't a key
    if not is_one:
        keys["version"] = columns.version
    key_rows = rows.select(**keys)
    groups = key_rows.group_by(*keys).aggregate(n=key_rows.count())
    version = ibis.literal(columns.version) if is_one else groups.version
    label = groups.label.cast("int32").fill_null(MISSING)
    period = time.in_ms(groups.period)
    return groups.select("case", label=label, n=groups.n, period=period, version=version)


def extent(table: Any, time: Time) -> Any:
    """The first and last day, the number of rows, and the number of rows with a time."""
    rows = table.select(at=time.at)
    totals = rows.aggregate(
        first=rows.at.min(), last=rows.at.max(), rows=rows.count(), timed=rows.at.count()
    )
    first, last = time.with_values(totals.first).day(), time.with_values(totals.last).day()
    return totals.select("rows", "timed", first=time.in_ms(first), last=time.in_ms(last))


def days(columns: Columns, span: Span) -> Any:
    """The days that have rows, in ms since 1970, and the number of rows."""
    time = columns.time
    rows = rows_within(columns.table, time, span).select(day=time.day())
    groups = rows.group_by("day").aggregate(n=rows.count())
    return groups.select("n", day=time.in_ms(groups.day))


def score_rows(table: Any, case: Any, scores: Any, version: str) -> Any:
    """Every row with its score, joined from the score table; empty for rows without a case.

    If the source has a column of the same name as one of ours, ours gets a prefix.
    """
    rows = table.mutate(scored_by=case)
    with_scores = rows.left_join(scores, rows.scored_by == scores.scored_case)
    our_columns = {
        CASE: with_scores.scored_case,
        SCORE: with_scores.scored_score,
        VERSION: ibis.literal(version),
    }
    columns = {own_name(name, table.columns): value for name, value in our_columns.items()}
    return with_scores.select(*(with_scores[name] for name in table.columns), **columns)


def own_name(name: str, names: Collection[str]) -> str:
    """The name of one of our columns, with a prefix if the source uses it."""
    return f"everycase_{name}" if name in names else name


def count_faults(table: Any, flags: Flags) -> Any:
    """The number of rows without a case, by what is wrong with each of their columns.

    It is a separate query, because it would cost more than everything else in the counting one.
    """
    odd = table.filter(~flags.is_valid.fill_null(False))
    checks = {f"check{i}": check for i, check in enumerate(flags.checks.values())}
    rows = odd.select(**checks)
    return rows.group_by(*checks).aggregate(n=rows.count())


def rows_within(table: Any, time: Time, span: Span) -> Any:
    """The rows with a time in the span."""
    return table.filter(time.since(span.since), time.before(span.until))


def _period(time: Time, span: Span) -> Any:
    if span.since >= span.hours:
        return time.hour()
    if span.until <= span.hours:
        return time.day()
    return ibis.cases((time.since(span.hours), time.hour()), else_=time.day())
