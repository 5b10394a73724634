"""Commands of the event log: ``everycase migrate``, ``check`` and ``prune``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from webapp.settings import Settings


@click.command()
@click.option("--to", metavar="REVISION", help="Go back to this one; data of newer ones is lost.")
@click.pass_obj
def migrate(settings: Settings, *, to: str | None) -> None:
    """Migrate the database's tables to this version of Everycase.

    With --to, back to an older version's tables, before that version is installed again.
    """
    from webapp.db import migrate as migrations

    with _open_database(settings) as database:
        before, after = migrations.undo(database, to) if to else migrations.migrate(database)
        if before == after:
            click.echo(f"{database.display_url}: up to date ({after})")
        else:
            click.echo(f"{database.display_url}: migrated from {before or 'empty'} to {after}")


@click.command()
@click.option("--repair", is_flag=True, help="Count all events again if something is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def check(settings: Settings, *, repair: bool, as_json: bool) -> None:
    """Check that counts equal the events and the datasets of lakes. Status 1 if they don't."""
    from webapp.db.migrate import ensure
    from webapp.events import integrity
    from webapp.events.lake import integrity as lake_integrity

    with _open_database(settings) as database:
        ensure(database)
        wrong, findings = integrity.check(database)
        repairs = integrity.repair(database) if repair and wrong else 0
        days = lake_integrity.repair(database) if repair else lake_integrity.check(database)
    if as_json:
        rows = [{"key": list(f.key), "counted": f.counted, "events": f.events} for f in findings]
        values = {"wrong": wrong, "repaired": repairs, "findings": rows}
        click.echo(json.dumps(values | {"lake_days": [day._asdict() for day in days]}))
    else:
        lines = [
            _summary(wrong, repairs),
            *map(_finding_line, findings),
            *_day_lines(days, repair=repair),
        ]
        click.echo("\n".join(lines))
    if (wrong and not repairs) or (days and not repair):
        raise click.exceptions.Exit(1)


@click.command()
@click.pass_obj
def prune(settings: Settings) -> None:
    """Drop hourly counts older than 14 days. A server does this automatically."""
    from webapp.db.migrate import ensure
    from webapp.events.log import EventLog

    with _open_database(settings) as database:
        ensure(database)
        if n := EventLog(database).prune():
            click.echo(
                f"Dropped {n:,} hourly {'count' if n == 1 else 'counts'} older than 14 days."
            )


def _summary(wrong: int, repairs: int) -> str:
    if not wrong:
        return "The counts equal the events."
    summary = f"{wrong:,} {'count differs' if wrong == 1 else 'counts differ'} from the events"
    return f"{summary}; all were counted again:" if repairs else f"{summary} (fix: --repair):"


def _finding_line(finding: Any) -> str:
    version, source, grain, period, case, label = finding.key
    when = datetime.fromtimestamp(int(period) / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    outcome = "without outcome" if label < 0 else f"with outcome {label}"
    return (
        f"  {version}, {source}, {grain} of {when} UTC, case {case} {outcome}: "
        f"counted {finding.counted:,}, events {finding.events:,}"
    )


def _day_lines(days: Sequence[Any], *, repair: bool) -> list[str]:
    """Days of datasets whose counts were damaged: only the lake has the right ones."""
    if not days:
        return []
    n = len(days)
    summary = f"{n:,} {'day of a dataset differs' if n == 1 else 'days of datasets differ'}"
    advice = (
        "; the rest counts until the dataset is counted again:"
        if repair
        else " (fix: --repair, then count the dataset again):"
    )
    lines = [
        f"  {day.dataset}, {datetime.fromtimestamp(day.day / 1000, UTC):%Y-%m-%d}: "
        f"{day.counted:,} events were counted, {day.held:,} are left"
        for day in days[:20]
    ]
    return [f"{summary} from what was counted in the lake{advice}", *lines]


@contextmanager
def _open_database(settings: Settings) -> Iterator[Any]:
    """Open the database of the settings; its errors end the command with one line."""
    from webapp.db.database import Database, DatabaseUrlError, LogUnavailableError

    try:
        database = Database(settings.database)
    except DatabaseUrlError as error:
        raise click.ClickException(f"DATABASE_URL {error}") from None
    try:
        yield database
    except LogUnavailableError as error:
        raise click.ClickException(f"{database.display_url}: {error}") from None
    finally:
        database.close()
