"""Events of a lake get their scores: a join with the score table, written a run of days at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.lake import chunks, expression, reasons
from webapp.lake.columns import Names, read_flags, require
from webapp.lake.engines import Engine, clock_of, extent
from webapp.lake.errors import LakeError, translated
from webapp.lake.times import Time, read_time
from webapp.timing import DAY_MS

AT_ONCE = 31  # days in a run, unless told otherwise
SCORES = "everycase_scores"


class Output(Protocol):
    """Where scored rows go."""

    by_day: bool  # does it take some days and leave the others?

    def done(self) -> dict[int, int]:
        """The days that it holds, and when they were written."""
        ...

    def is_whole(self) -> bool:
        """Was all of it written, where it isn't by day?"""
        ...

    def write(self, rows: Any, days: Sequence[int] | None, at: int) -> int | None:
        """Rows of these days (None: those without a time, or all): how many have no score,
        where that can be seen. ``day`` is a column where the output is by day.
        """
        ...


@dataclass(frozen=True)
class Request:
    """What is scored, and with what."""

    version: str
    features: Features
    scores: NDArray[np.float64]
    names: Names = field(default_factory=Names)
    at_once: int = AT_ONCE
    again: bool = False
    strict: bool = False


@dataclass
class Scored:
    """What came of it."""

    days: int = 0
    skipped: int = 0
    whole: bool = False  # all rows at once
    wrong: Counter[str] = field(default_factory=Counter)


def score(
    engine: Engine,
    output: Output,
    request: Request,
    now: int,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Scored:
    """Score what is missing; all columns are kept. Raises LakeError."""
    table = engine.table
    require(table, request.features.names)
    scoring = _Scoring(engine, output, request, now)
    if request.strict:
        scoring.refuse()
    if output.by_day and request.names.timestamp in table.columns:
        return scoring.by_day(tell)
    return scoring.whole()


class _Scoring:
    def __init__(self, engine: Engine, output: Output, request: Request, now: int) -> None:
        self._engine, self._output, self._request, self._now = engine, output, request, now
        self._scored = Scored()
        self._scores = score_table(engine, request.scores)

    def whole(self) -> Scored:
        """All rows at once."""
        if self._output.is_whole() and not self._request.again:
            self._scored.skipped = 1
            return self._scored
        self._write(self._engine.table, None, None)
        self._scored.whole = True
        return self._scored

    def by_day(self, tell: Callable[[int, int], None]) -> Scored:
        """Days that are missing, in runs; then the rows that have no time."""
        table, names = self._engine.table, self._request.names
        time = read_time(table, names.timestamp, names.unit, clock_of(self._engine.source))
        days, timeless = self._days(time)
        done = self._output.done()
        due = chunks.due(days, done, again=self._request.again)
        self._scored.skipped = len(done.keys() & set(days) - set(due))
        for run in chunks.runs(due, self._request.at_once):
            rows = table.filter(time.since(run[0]), time.before(run[-1] + DAY_MS))
            self._write(rows, run, time)
            self._scored.days += len(run)
            tell(self._scored.days, len(due))
        if timeless:
            self._write(table.filter(time.at.isnull()), None, time)
        return self._scored

    def refuse(self) -> None:
        """--strict: before anything is written."""
        self._note(self._engine.table)
        if self._scored.wrong:
            found = "; ".join(reasons.lines(self._scored.wrong))
            raise LakeError(f"--strict, and some rows can't be scored: {found}")

    def _days(self, time: Time) -> tuple[list[int], bool]:
        with self._said():
            found = extent(self._engine, self._request.names.timestamp, time)
        timeless = found.rows > found.timed
        if found.first is None or found.last is None:
            return [], timeless
        return list(chunks.spanned(found.first, found.last, None, None)), timeless

    def _write(self, rows: Any, days: Sequence[int] | None, time: Time | None) -> None:
        request = self._request
        case = read_flags(rows, request.features, self._engine.proof).case
        if time is not None:
            rows = rows.mutate(**{expression.DAY: time.in_ms(time.day())})
        scored = expression.scored(rows, case, self._scores, request.version)
        with self._said():
            missing = self._output.write(scored, days, self._now)
        if missing != 0:
            self._note(rows)

    def _note(self, rows: Any) -> None:
        flags = read_flags(rows, self._request.features)
        with self._said():
            found = self._engine.fetch(expression.wrong(rows, flags))
        self._scored.wrong += reasons.found_in(found, list(flags.checks))

    def _said(self) -> Any:
        return translated(f"{self._engine.source.shown} can't be scored")


def score_table(engine: Engine, scores: NDArray[np.float64]) -> Any:
    """The score table as a table of the engine's, for this session only."""
    import pyarrow as pa

    columns = {
        "scored_case": pa.array(range(len(scores)), pa.int32()),
        "scored_score": pa.array(scores, pa.float64()),
    }
    engine.lend(SCORES, pa.table(columns))
    return engine.backend.table(SCORES)
