"""Score a lake's events: join them with the score table and write them, some days at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.lake import chunks, expression, reasons
from webapp.lake.columns import ColumnNames, match_columns, read_flags, refuse_renamed
from webapp.lake.engines import Engine, extent, find_timestamp_support
from webapp.lake.errors import LakeError, translate_errors
from webapp.lake.times import Time, read_time
from webapp.timing import DAY_MS

AT_ONCE = 31  # days per run by default
SCORES = "everycase_scores"


class Output(Protocol):
    """An output that scored rows are written to."""

    by_day: bool  # whether days are written separately

    def written_days(self) -> dict[int, int]:
        """The days written so far, and when they were written (ms since 1970)."""
        ...

    def is_whole(self) -> bool:
        """True if everything has been written in one piece."""
        ...

    def write(self, rows: Any, days: Sequence[int] | None, at: int) -> int | None:
        """Write rows of these days (None: rows without a time, or all).

        Returns the number of rows without a score, or None if unknown. Outputs by day need a
        column ``day``.
        """
        ...


@dataclass(frozen=True)
class ScoreRequest:
    """A request to score a source with a version."""

    version: str
    features: Features
    scores: NDArray[np.float64]
    names: ColumnNames = field(default_factory=ColumnNames)
    at_once: int = AT_ONCE
    again: bool = False
    strict: bool = False


@dataclass
class ScoreResult:
    """The result of scoring."""

    days: int = 0
    skipped: int = 0  # days scored before; 1 if the whole output was
    whole: bool = False  # all rows were written in one piece
    wrong: Counter[str] = field(default_factory=Counter)  # rows without a score, by reason


def score(
    engine: Engine,
    output: Output,
    request: ScoreRequest,
    now: int,
    on_progress: Callable[[int, int], None] = lambda _count, _total: None,
) -> ScoreResult:
    """Score the missing days, or all rows, keeping all columns. Raises LakeError.

    ``now`` in ms since 1970; ``on_progress`` gets the days scored and the days to score.
    """
    read_flags(engine.table, request.features)
    refuse_renamed(engine.renamed, request.features.names)
    scoring = _Scoring(engine, output, request, now)
    if request.strict:
        scoring.refuse_faults()
    name = request.names.timestamp
    column = match_columns(engine.table.columns, [name]).get(name)
    if output.by_day and column is not None:
        return scoring.by_day(column, on_progress)
    return scoring.whole()


class _Scoring:
    def __init__(self, engine: Engine, output: Output, request: ScoreRequest, now: int) -> None:
        self._engine, self._output, self._request, self._now = engine, output, request, now
        self._result = ScoreResult()
        self._scores = score_table(engine, request.scores)

    def whole(self) -> ScoreResult:
        """Score all rows in one piece."""
        if self._output.is_whole() and not self._request.again:
            self._result.skipped = 1
            return self._result
        self._write(self._engine.table, None, None)
        self._result.whole = True
        return self._result

    def by_day(self, column: str, on_progress: Callable[[int, int], None]) -> ScoreResult:
        """Score the missing days of a column of times in runs, then the rows without a time."""
        table, unit = self._engine.table, self._request.names.unit
        time = read_time(table, column, unit, find_timestamp_support(self._engine.source))
        days, timeless = self._days(time)
        written_at = self._output.written_days()
        due = chunks.days_due(days, written_at, again=self._request.again)
        self._result.skipped = len(written_at.keys() & set(days) - set(due))
        for run in chunks.batches(due, self._request.at_once):
            rows = table.filter(time.since(run[0]), time.before(run[-1] + DAY_MS))
            self._write(rows, run, time)
            self._result.days += len(run)
            on_progress(self._result.days, len(due))
        if timeless:
            self._write(table.filter(time.at.isnull()), None, time)
        return self._result

    def refuse_faults(self) -> None:
        """Raise LakeError if a row can't be scored (``--strict``)."""
        self._count_faults(self._engine.table)
        if self._result.wrong:
            reason_text = "; ".join(reasons.summary_lines(self._result.wrong))
            raise LakeError(f"some rows can't be scored (--strict): {reason_text}")

    def _days(self, time: Time) -> tuple[list[int], bool]:
        with self._translate_errors():
            days = extent(self._engine, time)
        timeless = days.rows > days.timed
        if days.first is None or days.last is None:
            return [], timeless
        return list(chunks.day_range(days.first, days.last, None, None)), timeless

    def _write(self, rows: Any, days: Sequence[int] | None, time: Time | None) -> None:
        request = self._request
        case = read_flags(rows, request.features, self._engine.proof).case
        dated_rows = rows
        if time is not None:
            dated_rows = rows.mutate(**{expression.DAY: time.in_ms(time.day())})
        scored_rows = expression.score_rows(dated_rows, case, self._scores, request.version)
        with self._translate_errors():
            missing = self._output.write(scored_rows, days, self._now)
        if missing != 0:
            self._count_faults(rows)

    def _count_faults(self, rows: Any) -> None:
        flags = read_flags(rows, self._request.features)
        with self._translate_errors():
            faults = self._engine.fetch(expression.count_faults(rows, flags))
        self._result.wrong += reasons.count_reasons(faults, list(flags.checks))

    def _translate_errors(self) -> Any:
        return translate_errors(f"{self._engine.source.display_name} can't be scored")


def score_table(engine: Engine, scores: NDArray[np.float64]) -> Any:
    """The score table as a table in the engine, for this session only."""
    import pyarrow as pa

    columns = {
        "scored_case": pa.array(range(len(scores)), pa.int32()),
        "scored_score": pa.array(scores, pa.float64()),
    }
    engine.register_table(SCORES, pa.table(columns))
    return engine.backend.table(SCORES)
