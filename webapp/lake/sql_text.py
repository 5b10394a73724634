"""The queries as SQL text, for engines that Everycase doesn't connect to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.lake import expression
from webapp.lake.columns import ColumnNames, read_columns, read_flags
from webapp.lake.errors import need
from webapp.lake.score import SCORES
from webapp.lake.times import TimestampSupport

_SUPPORT: dict[str, TimestampSupport] = {"bigquery": "zoned", "duckdb": "plain"}
_FOREVER = expression.Span(0, 4_102_444_800_000, 0)  # to 2100, by the hour


@dataclass(frozen=True)
class TableShape:
    """Name and columns of the table."""

    table: str
    features: Features
    names: ColumnNames = field(default_factory=ColumnNames)
    flags: str = "int64"
    has_version: bool = False

    def unbound(self) -> Any:
        """The table as an Ibis expression without a connection."""
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


def counting_query(shape: TableShape, dialect: str, version: str | None) -> str:
    """The query that counts events."""
    support = _SUPPORT.get(dialect, "both")
    columns = read_columns(shape.unbound(), shape.features, shape.names, version, support)
    return _text(expression.counts(columns, _FOREVER), dialect)


def scoring_query(
    shape: TableShape, dialect: str, version: str, scores: NDArray[np.float64]
) -> str:
    """The query that scores events; the score table is part of it as literal rows."""
    table = shape.unbound()
    case = read_flags(table, shape.features).case
    score_table = ibis.table({"scored_case": "int32", "scored_score": "float64"}, name=SCORES)
    query = _text(expression.score_rows(table, case, score_table, version), dialect)
    return f"{_literal_scores(scores, dialect)}\n{query}"


def _literal_scores(scores: NDArray[np.float64], dialect: str) -> str:
    """The score table as a WITH clause of literal rows."""
    import sqlglot

    # A literal with an exponent is a double in all dialects; 17 digits are exact.
    rows = ", ".join(f"({case}, {score:.16e})" for case, score in enumerate(scores.tolist()))
    body = f"SELECT * FROM (VALUES {rows}) AS s(scored_case, scored_score)"
    text = sqlglot.transpile(body, read="duckdb", write=_sqlglot(dialect))[0]
    return f"WITH {SCORES} AS ({text})"


def _text(query: Any, dialect: str) -> str:
    if dialect == "pyspark":
        need("pyspark", "spark")
        assert ibis.pyspark is not None  # the import registers options that its compiler needs
    return str(ibis.to_sql(query, dialect=dialect))


def _sqlglot(dialect: str) -> str:
    return "spark" if dialect == "pyspark" else dialect
