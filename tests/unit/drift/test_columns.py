"""The table of inputs: page, CSV and command are made from one list of columns."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest

from tests.support import populations
from tests.support.drift_reports import report_on
from webapp.cli.drift import render_table
from webapp.components.markup import markup
from webapp.pages.drift.tables import feature_table
from webapp.services.drift.answer import DriftReport
from webapp.services.drift.columns import COLUMNS, IN_TERMINAL, ON_PAGE, csv_table, table_rows
from webapp.services.plain import plain
from webapp.stats import series
from webapp.stats.inputs import Feature

# Part of every row, yet no statistic of its own
_NO_STATISTICS = {"name", "statement"}


@pytest.fixture(scope="module")
def report() -> DriftReport:
    """A thousand events with 20 points more of G8, against a baseline of even shares."""
    has_g8 = np.arange(populations.GAMES.cases) >> 7 & 1
    cases = (0.6 + 0.8 * has_g8) / populations.GAMES.cases
    return report_on(populations.GAMES, 1000, 400, cases=cases)


def test_every_statistic_of_an_input_has_a_column(report: DriftReport) -> None:
    head = csv_table(report)[0]
    statistics = {field.name for field in fields(Feature)} - _NO_STATISTICS
    assert statistics <= set(head)


def test_the_file_keeps_its_head(report: DriftReport) -> None:
    head, *rows = csv_table(report)
    assert head == [
        "feature", "baseline", "window", "difference", "low", "high", "psi", "js", "p",
        "p_adjusted", "detectable", "verdict",
    ]  # fmt: skip
    form = plain(report.result.features[7])
    first = dict(zip(head, rows[7], strict=True))
    assert first["feature"] == "G8"
    assert first["low"] == form["difference"]["low"]
    assert first["psi"] == form["psi"]
    assert first["verdict"] == form["verdict"] == "drifted"


def test_the_file_ends_with_whether_it_hurts(report: DriftReport) -> None:
    head, *_, last = csv_table(report)
    row = dict(zip(head, last, strict=True))
    change = report.result.performance.skill
    assert change
    assert row["feature"] == "Skill vs. base rate"
    assert (row["difference"], row["low"], row["high"]) == (change.value, change.low, change.high)
    assert (row["psi"], row["verdict"]) == (None, "unknown")


@pytest.mark.parametrize("events", [1, 3, 199, 200])
def test_a_window_that_is_too_small_says_so_everywhere(events: int) -> None:
    """Headline, table, file and strips of a window in which all events have one game."""
    games = populations.GAMES
    one_case = np.eye(games.cases)[128]
    report = report_on(games, events, 0, cases=one_case)
    is_small = events < 200
    assert report.result.headline.verdict == ("cannot tell" if is_small else "drifted")
    head, *rows = csv_table(report)
    verdicts = {row[head.index("verdict")] for row in rows[:-1]}
    assert verdicts == ({"inconclusive"} if is_small else {"drifted"})
    table = markup(feature_table(report, "name", lambda **_: "/drift"))
    assert table.count("Inconclusive") == (10 if is_small else 0)
    has = events * games.matrix()[[128]].astype(np.int64)
    daily = SimpleNamespace(has=has, n=np.array([events]))
    strip = series.trailing_verdicts(games, report.baseline.events, daily, 0.03)  # type: ignore[arg-type]
    assert set(strip[0].tolist()) == {series.CANNOT_TELL if is_small else series.DRIFTED}


def test_keys_are_unique() -> None:
    assert len({column.key for column in COLUMNS}) == len(COLUMNS)
    heads = [head for column in COLUMNS for head in column.csv]
    assert len(set(heads)) == len(heads)


def test_the_page_has_a_cell_for_every_column(report: DriftReport) -> None:
    table = markup(feature_table(report, "name", lambda **_: "/drift"))
    rows = table.split("<tr>")[1:]
    assert len(rows) == 11
    for row in rows:
        assert row.count("<th ") + row.count("<td ") == len(ON_PAGE)
    for column in ON_PAGE.values():
        assert table.count(f'ec-col-{column.key}{" ec-wide-only" if column.is_wide_only else ""}"')


@pytest.mark.parametrize("key", ON_PAGE)
def test_rows_can_be_sorted_by_every_column(report: DriftReport, key: str) -> None:
    rows = sorted(table_rows(report), key=ON_PAGE[key].rank)
    assert len(rows) == 10
    top = {"name": "G1", "difference": "G8", "psi": "G8", "js": "G8", "p": "G8", "verdict": "G8"}
    assert rows[0].label == top.get(key, rows[0].label)


def test_the_command_prints_a_cell_for_every_column(report: DriftReport) -> None:
    lines = render_table(report, 0).splitlines()
    (head,) = [line for line in lines if "feature" in line]
    assert head.split() == " ".join(cell.head for cell in IN_TERMINAL).split()
    (row,) = [line for line in lines if line.startswith("! G8")]
    assert len(row) == sum(cell.width for cell in IN_TERMINAL)
