"""What ``everycase lake`` says while it works, and at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click


def counted(found: Any, dataset: str) -> str:
    """What came of counting."""
    days = sum(found.days.values())
    lines = [f"{dataset}: {found.events:,} events of {days:,} days counted."]
    if same := found.days["same"]:
        lines.append(f"{same:,} of these days were as before.")
    if found.skipped:
        lines.append(f"{found.skipped:,} days were counted before (--again counts them anew).")
    return "\n".join([*lines, *_wrong(found.wrong, "counted")])


def scored(found: Any, output: str) -> str:
    """What came of scoring."""
    if found.whole:
        lines = [f"{output}: all rows scored."]
    elif found.skipped and not found.days:
        lines = [f"{output}: there already (--again writes it anew)."]
    else:
        lines = [f"{output}: {found.days:,} days scored, {found.skipped:,} were there already."]
    return "\n".join([*lines, *_wrong(found.wrong, "scored")])


def _wrong(found: Any, what: str) -> list[str]:
    from webapp.lake.reasons import lines

    if not found:
        return []
    return [f"{sum(found.values()):,} rows could not be {what}:", *(f"  {x}" for x in lines(found))]


def teller(what: str) -> Callable[[int, int], None]:
    """Says on stderr how far it is, where somebody looks."""

    def tell(done: int, all_of_them: int) -> None:
        if sys.stderr.isatty():
            end = "\r" if done == all_of_them else ""
            click.echo(f"\r{done:,} of {all_of_them:,} days {what}{end}", err=True, nl=False)

    return tell
