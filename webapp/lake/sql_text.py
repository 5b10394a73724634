"""The expression as SQL text, for engines that nobody connects to from here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.lake import expression
from webapp.lake.columns import Names, read_columns, read_flags
from webapp.lake.errors import need
from webapp.lake.score import SCORES
from webapp.lake.times import Clock

_CLOCKS: dict[str, Clock] = {"bigquery": "zoned", "duckdb": "plain"}
_FOREVER = expression.Span(0, 4_102_444_800_000, 0)  # to 2100, by the hour


@dataclass(frozen=True)
class Shape:
    """What the table looks like."""

    table: str
    features: Features
    names: Names = field(default_factory=Names)
    flags: str = "int64"
    has_version: bool = False

    def unbound(self) -> Any:
        """A table that is nowhere."""
        columns = {self.names.timestamp: "timestamp('UTC')"}
        columns |= dict.fromkeys(self.features.names, self.flags)
        columns[self.names.label] = self.flags
        if self.has_version:
            columns[self.names.version] = "string"
        *places, name = self.table.split(".")
        return ibis.table(
            columns,
            name=name,
            database=places[-1] if places else None,
            catalog=places[-2] if len(places) > 1 else None,
        )


def counts(shape: Shape, dialect: str, version: str | None) -> str:
    """The query that counts."""
    clock = _CLOCKS.get(dialect, "both")
    columns = read_columns(shape.unbound(), shape.features, shape.names, version, clock)
    return _text(expression.counts(columns, _FOREVER), dialect)


def scored(shape: Shape, dialect: str, version: str, scores: NDArray[np.float64]) -> str:
    """The query that scores; the score table stands in it as a union of rows."""
    table = shape.unbound()
    case = read_flags(table, shape.features).case
    lent = ibis.table({"scored_case": "int32", "scored_score": "float64"}, name=SCORES)
    query = _text(expression.scored(table, case, lent, version), dialect)
    return f"{_table_of(scores, dialect)}\n{query}"


def _table_of(scores: NDArray[np.float64], dialect: str) -> str:
    """The score table in front of the query, as rows of its own."""
    import sqlglot

    # With an exponent it is a double everywhere; these 17 digits are all of it.
    rows = ", ".join(f"({case}, {score:.16e})" for case, score in enumerate(scores.tolist()))
    body = f"SELECT * FROM (VALUES {rows}) AS s(scored_case, scored_score)"
    written = sqlglot.transpile(body, read="duckdb", write=_sqlglot(dialect))[0]
    return f"WITH {SCORES} AS ({written})"


def _text(asked: Any, dialect: str) -> str:
    if dialect == "pyspark":
        need("pyspark", "spark")
        assert ibis.pyspark is not None  # registers options that its compiler looks at
    return str(ibis.to_sql(asked, dialect=dialect))


def _sqlglot(dialect: str) -> str:
    return "spark" if dialect == "pyspark" else dialect
