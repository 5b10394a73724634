"""Commands of the lake: ``everycase lake count``, ``lake score`` and ``lake sql``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from webapp.cli import lake_progress as words
from webapp.settings import Settings

_DAY = click.DateTime(["%Y-%m-%d"])
_DIALECTS = ("duckdb", "pyspark", "postgres", "bigquery", "athena", "trino")


@click.group()
def lake() -> None:
    """Events in a lake (Parquet, CSV, S3, Spark, PostgreSQL, …): count them, score them."""


def _columns(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--unit", type=click.Choice(["s", "ms"]), default="ms", show_default=True,
                     help="Of times that are whole numbers since 1970."),
        click.option("--timestamp", default="timestamp", show_default=True,
                     help="Column of times; those without a zone are UTC."),
        click.option("--label", default="label", show_default=True,
                     help="Column of outcomes, if there is one."),
    ):  # fmt: skip
        command = option(command)
    return command


def _source(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--strict", is_flag=True, help="Fail when a row can't be used."),
        click.option("--again", is_flag=True, help="Do what was done once more."),
        click.option("--days-at-once", "at_once", type=click.IntRange(1),
                     help="Days in one scan [default: as many as fit]."),
        click.option("--master", default="", help="Spark's master [default: local[*]]."),
        click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb",
                     show_default=True, help="Reads files."),
        click.option("--table", default="", help="A table, where the source is a database."),
        click.option("--source", "place", required=True,
                     help="Files, a folder, a pattern, s3://, spark://, postgresql://, …"),
    ):  # fmt: skip
        command = option(command)
    return _columns(command)


@lake.command()
@_source
@click.option("--into", help="Database that takes the counts [default: DATABASE_URL].")
@click.option("--dataset", help="Name of these events [default: the source's].")
@click.option("--version", help="Version that answered, of rows that name none.")
@click.option("--version-column", default="version", show_default=True)
@click.option("--from", "since", type=_DAY, help="First day, such as 2026-09-01.")
@click.option("--to", "until", type=_DAY, help="Day before which to stop.")
@click.option("--beside-live", is_flag=True,
              help="These are other events than those in the log on the same days.")  # fmt: skip
@click.pass_obj
def count(settings: Settings, /, into: str | None, **asked: Any) -> None:
    """Count the events by version, hour, case and label, and land the counts a day at a time.

    Killed and called again, it goes on with the days that are missing.
    """
    now = _now()  # before the files are listed: what comes later may be of a day that isn't over
    with _said(), _landing(into or settings.database) as landing, _opened(asked) as engine:
        from webapp.lake import count as counting

        request = counting.Request(
            dataset=_dataset(asked["dataset"] or engine.source.shown),
            known=_known(settings),
            names=_names(asked, asked["version_column"]),
            version=asked["version"],
            since=_ms(asked["since"]),
            until=_ms(asked["until"]),
            **{name: asked[name] for name in ("at_once", "again", "beside_live", "strict")},
        )
        found = counting.count(engine, landing, request, now, words.teller("counted"))
        click.echo(words.counted(found, request.dataset))


@lake.command()
@_source
@click.option("--version", required=True, help="Version to score with.")
@click.option("--output", required=True,
              help="A file (.parquet, .csv), a folder (a folder a day), or a table.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["parquet", "csv"]),
              help="Of the files [default: by the name, else parquet].")  # fmt: skip
@click.pass_obj
def score(settings: Settings, /, version: str, output: str, form: Any, **asked: Any) -> None:
    """Score the events: a join with the version's score table. All columns are kept."""
    now = _now()
    with _said(), _opened(asked) as engine:
        from webapp.lake import outputs
        from webapp.lake import score as scoring

        prepared = _ready(settings, version)
        request = scoring.Request(
            version=version,
            features=prepared.features,
            scores=prepared.scores,
            names=_names(asked),
            at_once=asked["at_once"] or scoring.AT_ONCE,
            again=asked["again"],
            strict=asked["strict"],
        )
        what = {"version": version, "source": engine.source.shown}
        target = outputs.open_output(engine, output, form, what)
        found = scoring.score(engine, target, request, now, words.teller("scored"))
        click.echo(words.scored(found, output))


@lake.command()
@click.option("--into", help="Database that has the counts [default: DATABASE_URL].")
@click.pass_obj
def datasets(settings: Settings, /, into: str | None) -> None:
    """List what was counted."""
    with _said(), _landing(into or settings.database) as landing:
        for found in landing.datasets():
            first, last = (datetime.fromtimestamp(ms / 1000, UTC) for ms in found[4:6])
            click.echo(f"{found.name}: {found.events:,} events of {found.days:,} days, "
                       f"{first:%Y-%m-%d} to {last:%Y-%m-%d}")  # fmt: skip


@lake.command()
@click.argument("dataset")
@click.option("--into", help="Database that has the counts [default: DATABASE_URL].")
@click.pass_obj
def forget(settings: Settings, /, dataset: str, into: str | None) -> None:
    """Take a dataset out of the counts."""
    with _said(), _landing(into or settings.database) as landing:
        click.echo(f"{dataset}: {landing.forget(dataset):,} events are counted no more.")


@lake.command()
@_columns
@click.option("--dialect", type=click.Choice(_DIALECTS), required=True)
@click.option("--table", default="events", show_default=True, help="Name of the table.")
@click.option("--version", required=True, help="Version to score with, or that answered.")
@click.option("--version-column", is_flag=True, help="The table has a column version.")
@click.option("--flags", type=click.Choice(["int64", "boolean", "string"]), default="int64",
              show_default=True, help="Type of the yes/no columns.")  # fmt: skip
@click.option("--scores", is_flag=True, help="The query that scores, not the one that counts.")
@click.pass_obj
def sql(settings: Settings, /, version: str, dialect: str, **asked: Any) -> None:
    """Print the query in an engine's SQL, to be run there by hand or by a schedule."""
    with _said():
        _need_ibis()
        from webapp.lake import sql_text

        prepared = _ready(settings, version)
        shape = sql_text.Shape(
            table=asked["table"],
            features=prepared.features,
            names=_names(asked),
            flags=asked["flags"],
            has_version=asked["version_column"],
        )
        if asked["scores"]:
            click.echo(sql_text.scored(shape, dialect, version, prepared.scores))
        else:
            click.echo(sql_text.counts(shape, dialect, version))


@contextmanager
def _said() -> Iterator[None]:
    """What goes wrong is one line."""
    from webapp.db.database import LogUnavailableError
    from webapp.events.lake.counts import LakeError as LandingError
    from webapp.lake.errors import LakeError

    try:
        yield
    except (LakeError, LandingError) as error:
        raise click.ClickException(str(error)) from None
    except LogUnavailableError as error:
        raise click.ClickException(f"the database is unavailable: {error}") from None
    except KeyboardInterrupt:
        click.echo("\nStopped: the same command goes on.", err=True)
        raise click.exceptions.Exit(130) from None


@contextmanager
def _opened(asked: dict[str, Any]) -> Iterator[Any]:
    _need_ibis()
    from webapp.lake.engines import opened
    from webapp.lake.sources import read_source

    engine = "" if asked["engine"] == "duckdb" else asked["engine"]
    source = read_source(
        asked["place"], table=asked["table"], engine=engine, master=asked["master"]
    )
    with opened(source) as found:
        yield found


def _now() -> int:
    from webapp.timing import now_ms

    return now_ms()


def _need_ibis() -> None:
    from webapp.lake.errors import need

    need("ibis", "lake")


@contextmanager
def _landing(url: str) -> Iterator[Any]:
    from webapp.db.database import Database, DatabaseUrlError
    from webapp.db.migrate import ensure
    from webapp.events.lake.counts import Lake
    from webapp.lake.errors import LakeError

    try:
        database = Database(url, prepare=ensure)
    except DatabaseUrlError as error:
        raise LakeError(f"--into {error}") from None
    try:
        yield Lake(database)
    finally:
        database.close()


def _known(settings: Settings) -> dict[str, Any]:
    from webapp.catalog.reader import FolderCatalog
    from webapp.cli.models import ensure_synced

    ensure_synced(settings)
    versions = FolderCatalog(settings.models_folder, settings.var_dir).versions()
    return {v.name: v.prepared.features for v in versions if v.prepared is not None}


def _ready(settings: Settings, name: str) -> Any:
    from webapp.catalog.reader import FolderCatalog
    from webapp.cli.models import ensure_synced
    from webapp.lake.errors import LakeError

    ensure_synced(settings)
    catalog = FolderCatalog(settings.models_folder, settings.var_dir)
    version = catalog.get(name)
    if version is None:
        ready = ", ".join(v.name for v in catalog.versions() if v.prepared is not None)
        raise LakeError(f"there is no version {name}; there are {ready or 'none'}")
    if version.prepared is None:
        raise LakeError(f"version {name} can't be used: {version.reason or version.status}")
    return version.prepared


def _dataset(name: str) -> str:
    from webapp.events.lake.counts import LONGEST
    from webapp.lake.errors import LakeError

    if len(name) > LONGEST:  # said before anything is looked at
        raise LakeError(f"{name} is too long for a name: give one with --dataset")
    return name


def _names(asked: dict[str, Any], version: str = "version") -> Any:
    from webapp.lake.columns import Names

    return Names(asked["timestamp"], asked["label"], version, asked["unit"])


def _ms(day: datetime | None) -> int | None:
    return None if day is None else int(day.replace(tzinfo=UTC).timestamp()) * 1000
