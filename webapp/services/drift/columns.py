"""The table of inputs, column by column: the page, its CSV and the command are made from it.

A statistic that is added here shows in all three; JSON has it from ``stats.inputs.Feature``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import floor, log10
from typing import Any

from webapp.grammar import MINUS, NBSP, capitalize
from webapp.services.drift.answer import DriftReport
from webapp.services.drift.words import HARM_VERDICTS, NO_HARM, SKILL, VERDICTS
from webapp.services.formatting import share, short_day
from webapp.stats.inputs import Feature
from webapp.vocabulary import Vocabulary

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_BY_ALARM = ("drifted", "cannot tell", "stable")
_MARKS = {"drifted": "!", "stable": "=", "cannot tell": "?"}


@dataclass(frozen=True)
class FeatureRow:
    """One row of the table: an input, its label, and since when it has drifted (ms)."""

    feature: Feature
    label: str
    since: int | None


Text = Callable[[FeatureRow], str]


@dataclass(frozen=True)
class TerminalCell:
    """A cell that the command prints of a column; most columns print one."""

    head: str
    width: int
    text: Text


@dataclass(frozen=True, kw_only=True)
class Column:
    """One statistic of all inputs.

    ``key`` is its name in the page's address (``?sort=``) and in its CSS class, ``rank`` what rows
    are sorted by, the lowest first. ``csv`` maps the heads of its columns in the file to values.
    ``is_wide_only``: narrow screens leave it out.
    """

    key: str
    title: str  # {input}: what the model's inputs are called
    text: Text
    rank: Callable[[FeatureRow], Any]
    csv: Mapping[str, Callable[[Feature], object]] = field(default_factory=dict)
    terminal: tuple[TerminalCell, ...] = ()
    is_on_page: bool = True
    is_wide_only: bool = True

    @property
    def term(self) -> str:
        """The key of the term in the pages' glossary that explains the column."""
        return {"name": "input", "verdict": "input_verdict"}.get(self.key, self.key)

    def heading(self, vocabulary: Vocabulary) -> str:
        """The title above the column."""
        return self.title.format(input=capitalize(vocabulary.input))


def _statistic(
    key: str,
    title: str,
    value: Callable[[Feature], float],
    decimals: int,
    *,
    is_in_terminal: bool = True,
) -> Column:
    """A statistic on page, in CSV and in the terminal; larger values mean more drift."""

    def text(row: FeatureRow) -> str:
        return f"{value(row.feature):.{decimals}f}"

    cell = TerminalCell(title, max(8, len(title) + 2), text)
    return Column(
        key=key,
        title=title,
        text=text,
        rank=lambda row: -value(row.feature),
        csv={key: value},
        terminal=(cell,) if is_in_terminal else (),
    )


def _interval(row: FeatureRow) -> str:
    difference = row.feature.difference
    return f"{_points(difference.value)} [{_points(difference.low)}, {_points(difference.high)}]"


def _points(value: float) -> str:
    return f"{value * 100:+.1f}".replace("-", MINUS)


def _ascii_interval(row: FeatureRow) -> str:
    difference = row.feature.difference
    return f"[{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"


def _p_value(value: float) -> str:
    """Three decimals; small ones as a power of ten."""
    if value >= 0.001:
        return f"{value:.3f}"
    power = max(floor(log10(value)) if value > 0 else -15, -15)
    below = "<" if power == -15 else f"{value / 10**power:.0f}{NBSP}·"
    return f"{below}{NBSP}10{str(power).translate(_RAISED)}"


COLUMNS: tuple[Column, ...] = (
    Column(
        key="name",
        title="{input}",
        text=lambda row: row.label,
        rank=lambda _: 0,  # the model's own order
        csv={"feature": lambda feature: feature.name},
        terminal=(
            TerminalCell("", 2, lambda row: _MARKS[row.feature.verdict]),
            TerminalCell("feature", 12, lambda row: row.label),
        ),
        is_wide_only=False,
    ),
    Column(
        key="before",
        title="Before",
        text=lambda row: share(row.feature.baseline.value, 1),
        rank=lambda row: -row.feature.baseline.value,
        csv={"baseline": lambda feature: feature.baseline.value},
        terminal=(TerminalCell("before", 8, lambda row: f"{row.feature.baseline.value:.1%}"),),
    ),
    Column(
        key="window",
        title="Window",
        text=lambda row: share(row.feature.window.value, 1),
        rank=lambda row: -row.feature.window.value,
        csv={"window": lambda feature: feature.window.value},
        terminal=(TerminalCell("window", 8, lambda row: f"{row.feature.window.value:.1%}"),),
        is_wide_only=False,
    ),
    Column(
        key="difference",
        title=f"Difference with 95{NBSP}% interval, points",
        text=_interval,
        rank=lambda row: -abs(row.feature.difference.value),
        csv={
            "difference": lambda feature: feature.difference.value,
            "low": lambda feature: feature.difference.low,
            "high": lambda feature: feature.difference.high,
        },
        terminal=(
            TerminalCell("difference", 11, lambda r: f"{100 * r.feature.difference.value:+.1f}"),
            TerminalCell("interval", 18, _ascii_interval),
        ),
        is_wide_only=False,
    ),
    _statistic("psi", "PSI", lambda feature: feature.psi, 4),
    _statistic("js", "JS", lambda feature: feature.js, 3, is_in_terminal=False),
    Column(
        key="p",
        title="Adjusted p",
        text=lambda row: _p_value(row.feature.p_adjusted),
        rank=lambda row: row.feature.p_adjusted,
        csv={
            "p": lambda feature: feature.p,
            "p_adjusted": lambda feature: feature.p_adjusted,
        },
        terminal=(TerminalCell("p adj.", 9, lambda row: f"{row.feature.p_adjusted:.2g}"),),
    ),
    Column(
        key="detectable",  # the page has it as the tooltip of the difference
        title="Detectable shift",
        text=lambda row: describe_power(row.feature),
        rank=lambda row: row.feature.detectable or float("inf"),
        csv={"detectable": lambda feature: feature.detectable},
        is_on_page=False,
    ),
    Column(
        key="since",
        title="Drifted since",
        text=lambda row: short_day(row.since) if row.since is not None else "–",
        rank=lambda row: row.since or float("inf"),
    ),
    Column(
        key="verdict",
        title="Verdict",
        text=lambda row: row.feature.verdict,
        rank=lambda row: _BY_ALARM.index(row.feature.verdict),
        csv={"verdict": lambda feature: VERDICTS[feature.verdict].lower()},
        is_wide_only=False,
    ),
)
ON_PAGE: dict[str, Column] = {column.key: column for column in COLUMNS if column.is_on_page}
IN_TERMINAL: tuple[TerminalCell, ...] = tuple(cell for c in COLUMNS for cell in c.terminal)


def describe_power(feature: Feature) -> str:
    """The smallest shift that would show with this many events."""
    if feature.detectable is None:
        return f"no shift would show with 80{NBSP}% power"
    return (
        f"shifts of {feature.detectable * 100:.1f} points or more would show with 80{NBSP}% power"
    )


def table_rows(report: DriftReport) -> list[FeatureRow]:
    """The rows of the table, in the model's order of inputs."""
    label = report.scope.vocabulary.label
    return [
        FeatureRow(feature, label(feature.name), report.since.get(feature.name))
        for feature in report.result.features
    ]


def csv_table(report: DriftReport) -> list[list[Any]]:
    """The table as a file: a head and rows of values; verdicts are in the page's words."""
    cells = {head: value for column in COLUMNS for head, value in column.csv.items()}
    rows = [[value(feature) for value in cells.values()] for feature in report.result.features]
    return [list(cells), *rows, _csv_skill(report, list(cells))]


def _csv_skill(report: DriftReport, heads: list[str]) -> list[Any]:
    """The row of the file that says whether it hurts: skill, and the verdict on its change."""
    judgement = report.result.performance
    before, now, change = judgement.baseline.skill, judgement.window.skill, judgement.skill
    verdict = NO_HARM if judgement.sees_no_harm else HARM_VERDICTS[judgement.verdict]
    values = {
        "feature": SKILL,
        "baseline": before and before.value,
        "window": now and now.value,
        "difference": change and change.value,
        "low": change and change.low,
        "high": change and change.high,
        "verdict": verdict.lower(),
    }
    return [values.get(head) for head in heads]
