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
@click.option("--to", metavar="REVISION", help="Undo newer ones, and lose what only they hold.")
@click.pass_obj
def migrate(settings: Settings, *, to: str | None) -> None:
    """Bring the database's tables up to this version of Everycase.

    With --to, back to those of an older one, before that is installed again.
    """
    from webapp.db import migrate as migrations

    with _opened(settings) as database:
        before, after = migrations.undo(database, to) if to else migrations.migrate(database)
        if before == after:
            click.echo(f"{database.display_url}: up to date ({after})")
        else:
            click.echo(f"{database.display_url}: migrated from {before or 'empty'} to {after}")


@click.command()
@click.option("--repair", is_flag=True, help="Count all events anew when something is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def check(settings: Settings, *, repair: bool, as_json: bool) -> None:
    """Do the counts equal the events and what was counted in lakes? Status 1 when not."""
    from webapp.db.migrate import ensure
    from webapp.events import integrity
    from webapp.events.lake import integrity as lake_integrity

    with _opened(settings) as database:
        ensure(database)
        wrong, findings = integrity.check(database)
        repaired = integrity.repair(database) if repair and wrong else 0
        days = lake_integrity.repair(database) if repair else lake_integrity.check(database)
    if as_json:
        shown = [{"key": list(f.key), "counted": f.counted, "events": f.events} for f in findings]
        found = {"wrong": wrong, "repaired": repaired, "findings": shown}
        click.echo(json.dumps(found | {"lake_days": [day._asdict() for day in days]}))
    else:
        lines = [_summary(wrong, repaired), *map(_line, findings), *_days(days, repair=repair)]
        click.echo("\n".join(lines))
    if (wrong and not repaired) or (days and not repair):
        raise click.exceptions.Exit(1)


@click.command()
@click.pass_obj
def prune(settings: Settings) -> None:
    """Drop the hourly counts of more than 14 days ago; a server does it by itself."""
    from webapp.db.migrate import ensure
    from webapp.events.log import EventLog

    with _opened(settings) as database:
        ensure(database)
        if gone := EventLog(database).prune():
            click.echo(f"Dropped {gone:,} hourly counts of more than 14 days ago.")


def _summary(wrong: int, repaired: int) -> str:
    if not wrong:
        return "The counts equal the events."
    found = f"{wrong:,} counts differ from the events"
    return f"{found} and were counted anew:" if repaired else f"{found} (mend: --repair):"


def _line(finding: Any) -> str:
    version, source, grain, period, case, label = finding.key
    when = datetime.fromtimestamp(int(period) / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    outcome = "without outcome" if label < 0 else f"with outcome {label}"
    return (
        f"  {version}, {source}, {grain} of {when} UTC, case {case} {outcome}: "
        f"counted {finding.counted:,}, events {finding.events:,}"
    )


def _days(days: Sequence[Any], *, repair: bool) -> list[str]:
    """Days of datasets whose counts were damaged here: only the lake knows what they were."""
    if not days:
        return []
    told = f"{len(days):,} days of datasets don't hold what was counted in the lake"
    mend = (
        "they are taken for what is left until the dataset is counted again:"
        if repair
        else "(mend: --repair, then count the dataset again):"
    )
    shown = [
        f"  {day.dataset}, {datetime.fromtimestamp(day.day / 1000, UTC):%Y-%m-%d}: "
        f"{day.counted:,} events were counted, {day.held:,} are left"
        for day in days[:20]
    ]
    return [f"{told}{';' if repair else ''} {mend}", *shown]


@contextmanager
def _opened(settings: Settings) -> Iterator[Any]:
    """The database of the settings; what is wrong with it is one line."""
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
