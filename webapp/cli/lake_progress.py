"""Output of ``everycase lake``: progress, and the summary at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from webapp.grammar import quantity


def count_summary(result: Any, dataset: str) -> str:
    """The lines printed after counting; ``result`` is a ``lake.count.CountResult``."""
    days = sum(result.days.values())
    lines = [f"{dataset}: counted {quantity(result.events, 'event')} on {quantity(days, 'day')}."]
    if same := result.days["same"]:
        lines.append(f"{quantity(same, 'day')} unchanged.")
    if earlier := result.skipped:
        verb = "was" if earlier == 1 else "were"
        lines.append(f"{quantity(earlier, 'day')} {verb} counted before (--again recounts).")
    return "\n".join([*lines, *_fault_lines(result.wrong, "counted")])


def score_summary(result: Any, output: str) -> str:
    """The lines printed after scoring; ``result`` is a ``lake.score.ScoreResult``."""
    if result.whole:
        lines = [f"{output}: scored all rows."]
    elif result.skipped and not result.days:
        lines = [f"{output}: scored before (--again scores it again)."]
    else:
        lines = [
            f"{output}: scored {quantity(result.days, 'day')}, {result.skipped:,} scored before."
        ]
    return "\n".join([*lines, *_fault_lines(result.wrong, "scored")])


def _fault_lines(counts: Any, verb: str) -> list[str]:
    from webapp.lake.reasons import summary_lines

    if not counts:
        return []
    rows = quantity(sum(counts.values()), "row")
    return [f"{rows} could not be {verb}:", *(f"  {line}" for line in summary_lines(counts))]


def progress_printer(verb: str) -> Callable[[int, int], None]:
    """A callback that prints progress to stderr if it is a terminal."""

    def print_progress(count: int, total: int) -> None:
        if sys.stderr.isatty():
            end = "\r" if count == total else ""
            click.echo(f"\r{count:,} of {quantity(total, 'day')} {verb}{end}", err=True, nl=False)

    return print_progress
