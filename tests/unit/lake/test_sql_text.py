"""The query as text, for engines that aren't here: their grammar takes it, and it counts the same.

Its meaning is tested by carrying it back: what sqlglot reads as BigQuery's, Athena's or Trino's and
writes as DuckDB's is run on events.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import sqlfluff
import sqlglot
from click.testing import CliRunner

from tests.support.odd_rows import FEATURES, KNOWN, VERSIONS, Wild
from webapp.cases import Features
from webapp.cli.main import main
from webapp.lake import sql_text
from webapp.lake.sql_text import TableShape
from webapp.timing import HOUR_MS

pytestmark = pytest.mark.filterwarnings("ignore")  # what DuckDB and Ibis warn of is not ours

DIALECTS = ("bigquery", "athena", "trino", "postgres", "duckdb", "pyspark")
SCORES = np.random.default_rng(3).random(1024) ** 20  # very small ones, too


def parse_one(text: str, dialect: str) -> Any:
    """One statement, of which nothing was passed over."""
    (statement,) = sqlglot.parse(text, read="spark" if dialect == "pyspark" else dialect)
    assert statement is not None
    assert not list(statement.find_all(sqlglot.exp.Command))
    return statement


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("flags", ["int64", "boolean", "string"])
def test_its_grammar_takes_it(dialect: str, flags: str) -> None:
    shape = TableShape("project.lake.events", FEATURES, flags=flags, has_version=True)
    query = parse_one(sql_text.counting_query(shape, dialect, "one_v1"), dialect)
    (table,) = query.find_all(sqlglot.exp.Table)
    assert (table.catalog, table.db, table.name) == ("project", "lake", "events")
    few = replace(shape, features=Features.numbered(4))  # as many lines as there are cases
    scoring = sql_text.scoring_query(few, dialect, "one_v1", SCORES[:16])
    assert parse_one(scoring, dialect).find(sqlglot.exp.Join)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["bigquery", "athena", "trino"])
def test_a_second_grammar_takes_it(dialect: str) -> None:
    """That of sqlfluff, which has nothing in common with sqlglot's."""
    shape = TableShape(
        "project.lake.events", Features.numbered(2), flags="string", has_version=True
    )
    texts = (
        sql_text.counting_query(shape, dialect, "one_v1"),
        sql_text.scoring_query(shape, dialect, "one_v1", SCORES[:4]),
    )
    for text in texts:
        findings = sqlfluff.lint(text + "\n", dialect=dialect, rules=["LT12"])
        assert [f for f in findings if f["code"] == "PRS"] == []
    (broken,) = sqlfluff.lint("SELECT FROM WHERE 1 +\n", dialect=dialect, rules=["LT12"])[:1]
    assert broken["code"] == "PRS"


@pytest.fixture(scope="module")
def wild() -> Wild:
    return Wild.draw(5000, odd=0.01)


@pytest.fixture(scope="module")
def events(wild: Wild) -> Any:
    """The events as text, which is what all engines can have."""
    table = wild.table()
    for place, name in enumerate(table.column_names):
        if name in FEATURES.names:
            table = table.set_column(place, name, table[name].cast(pa.string()))
    table = table.append_column("outcome", table["label"].cast(pa.string()))
    link = duckdb.connect()
    link.register("events", table.drop_columns(["label"]).rename_columns({"outcome": "label"}))
    return link


def here(text: str, dialect: str) -> str:
    """The same in DuckDB's SQL. It has no zones without an extension, so times are plain there."""
    (translation,) = sqlglot.transpile(
        text, read="spark" if dialect == "pyspark" else dialect, write="duckdb"
    )
    return re.sub(r"TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ", "TIMESTAMP", translation)


@pytest.mark.parametrize("dialect", ["bigquery", "athena", "trino"])
def test_it_counts_the_same(dialect: str, events: Any, wild: Wild) -> None:
    shape = TableShape("events", FEATURES, flags="string", has_version=True)
    text = sql_text.counting_query(shape, dialect, None)
    rows = events.execute(here(text, dialect)).fetchall()
    counts: Counter[tuple[Any, ...]] = Counter()
    for case, label, n, period, version in rows:
        if case >= 0 and version in KNOWN:
            counts[version, int(period), case, label] += n
    assert counts == by_hour(wild)


@pytest.mark.parametrize("dialect", ["bigquery", "athena", "trino"])
def test_it_scores_the_same(dialect: str, events: Any, wild: Wild) -> None:
    text = sql_text.scoring_query(
        TableShape("events", FEATURES, flags="string"), dialect, "one_v1", SCORES
    )
    query = f"SELECT id, score FROM ({here(text, dialect)}) ORDER BY id"
    if "id" not in text:  # the text names the columns that it was told of
        query = f"SELECT score FROM ({here(text, dialect)})"
    scores = [row[-1] for row in events.execute(query).fetchall()]
    expected_scores = wild.scores(SCORES)
    np.testing.assert_array_equal(
        np.sort(np.array(scores, float)),
        np.sort(np.where(np.isnan(expected_scores), np.nan, expected_scores)),
    )


def by_hour(wild: Wild) -> Counter[tuple[Any, ...]]:
    fine = wild.are_flags & (wild.label != 2) & (wild.at > 0) & (wild.version >= 0)
    fine &= wild.version < 2
    counts: Counter[tuple[Any, ...]] = Counter()
    for row in np.flatnonzero(fine).tolist():
        at = int(wild.at[row])
        key = VERSIONS[wild.version[row]], at - at % HOUR_MS
        counts[*key, int(wild.case[row]), int(wild.label[row])] += 1
    return counts


def test_the_command_prints_it() -> None:
    words = ["lake", "sql", "--dialect", "bigquery", "--version", "logit_games_v1"]
    process = CliRunner().invoke(main, [*words, "--table", "project.games.events"])
    assert process.exit_code == 0, process.output
    assert "UNIX_SECONDS" in process.output
    assert "`project`.`games`.`events`" in process.output
    with_scores = CliRunner().invoke(main, [*words, "--scores"])
    assert "everycase_scores" in with_scores.output
