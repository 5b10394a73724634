"""``everycase lake``: count, score, datasets, forget and sql."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from webapp.cli import lake_progress
from webapp.cli.version_name import VERSION
from webapp.grammar import quantity
from webapp.settings import Settings

_DAY = click.DateTime(["%Y-%m-%d"])
_DIALECTS = ("duckdb", "pyspark", "postgres", "bigquery", "athena", "trino")


@click.group()
def lake() -> None:
    """Count and score events in a lake (Parquet, CSV, S3, Spark, PostgreSQL, …)."""


def _columns(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--unit", type=click.Choice(["s", "ms"]), default="ms", show_default=True,
                     help="Unit of times that are numbers since 1970."),
        click.option("--timestamp", default="timestamp", show_default=True,
                     help="Column of times. Times without a zone are UTC."),
        click.option("--label", default="label", show_default=True,
                     help="Column of outcomes, if there is one."),
    ):  # fmt: skip
        command = option(command)
    return command


def _source(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--strict", is_flag=True, help="Fail if a row can't be used."),
        click.option("--again", is_flag=True, help="Redo days that are done already."),
        click.option("--days-at-once", "at_once", type=click.IntRange(1),
                     help="Days per scan [default: as many as fit]."),
        click.option("--master", default="", help="Spark master [default: local[*]]."),
        click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb",
                     show_default=True, help="Engine that reads files."),
        click.option("--table", default="", help="Table to read, if the source is a database."),
        click.option("--source", "place", required=True,
                     help="Files, a folder, a pattern, s3://, spark://, postgresql://, …"),
    ):  # fmt: skip
        command = option(command)
    return _columns(command)


@lake.command()
@_source
@click.option("--into", help="Database for the counts [default: DATABASE_URL].")
@click.option("--dataset", help="Name for these events [default: the source].")
@click.option("--version", type=VERSION, help="Version of rows that name none.")
@click.option("--version-column", default="version", show_default=True,
              help="Column of versions, if there is one.")  # fmt: skip
@click.option("--from", "since", type=_DAY, help="First day, such as 2026-09-01.")
@click.option("--to", "until", type=_DAY, help="End, the day after the last one.")
@click.option("--beside-live", is_flag=True,
              help="Also count days on which the log has other events.")  # fmt: skip
@click.pass_obj
def count(settings: Settings, /, into: str | None, **options: Any) -> None:
    """Count events by version, hour, case and label, and store the counts day by day.

    If it is interrupted, run it again: it continues with the missing days.
    """
    now = _now()  # before files are listed: events added later may be of a day that isn't over
    with (
        _report_errors(),
        _landing(into or settings.database) as landing,
        _open_engine(options) as engine,
    ):
        from webapp.lake import count as counting

        request = counting.CountRequest(
            dataset=_dataset(options["dataset"] or engine.source.display_name),
            features_by_version=_features_by_version(settings),
            names=_column_names(options, options["version_column"]),
            version=options["version"],
            since=_ms(options["since"]),
            until=_ms(options["until"]),
            **{name: options[name] for name in ("at_once", "again", "beside_live", "strict")},
        )
        result = counting.count(
            engine, landing, request, now, lake_progress.progress_printer("counted")
        )
        click.echo(lake_progress.count_summary(result, request.dataset))


@lake.command()
@_source
@click.option("--version", required=True, type=VERSION, help="Version to score with.")
@click.option("--output", required=True,
              help="A file (.parquet, .csv), a folder (with one per day), or a table.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["parquet", "csv"]),
              help="Format of the files [default: by the name, else parquet].")  # fmt: skip
@click.pass_obj
def score(settings: Settings, /, version: str, output: str, form: Any, **options: Any) -> None:
    """Score events by a join with the version's score table. All columns are kept."""
    now = _now()
    with _report_errors(), _open_engine(options) as engine:
        from webapp.lake import outputs
        from webapp.lake import score as scoring

        prepared = _prepared_version(settings, version)
        request = scoring.ScoreRequest(
            version=version,
            features=prepared.features,
            scores=prepared.scores,
            names=_column_names(options),
            at_once=options["at_once"] or scoring.AT_ONCE,
            again=options["again"],
            strict=options["strict"],
        )
        what = {"version": version, "source": engine.source.display_name}
        target = outputs.open_output(engine, output, form, what)
        result = scoring.score(
            engine, target, request, now, lake_progress.progress_printer("scored")
        )
        click.echo(lake_progress.score_summary(result, output))


@lake.command()
@click.option("--into", help="Database with the counts [default: DATABASE_URL].")
@click.pass_obj
def datasets(settings: Settings, /, into: str | None) -> None:
    """List the counted datasets."""
    with _report_errors(), _landing(into or settings.database) as landing:
        for dataset in landing.datasets():
            first, last = (datetime.fromtimestamp(ms / 1000, UTC) for ms in dataset[4:6])
            amounts = f"{quantity(dataset.events, 'event')} on {quantity(dataset.days, 'day')}"
            click.echo(f"{dataset.name}: {amounts}, {first:%Y-%m-%d} to {last:%Y-%m-%d}")


@lake.command()
@click.argument("dataset")
@click.option("--into", help="Database with the counts [default: DATABASE_URL].")
@click.pass_obj
def forget(settings: Settings, /, dataset: str, into: str | None) -> None:
    """Remove a dataset from the counts."""
    with _report_errors(), _landing(into or settings.database) as landing:
        click.echo(f"{dataset}: removed {quantity(landing.forget(dataset), 'event')}.")


@lake.command()
@_columns
@click.option("--dialect", type=click.Choice(_DIALECTS), required=True)
@click.option("--table", default="events", show_default=True, help="Name of the table.")
@click.option(
    "--version",
    required=True,
    type=VERSION,
    help="Version to score with, or of rows that name none.",
)
@click.option("--version-column", is_flag=True, help="The table has a column named version.")
@click.option("--flags", type=click.Choice(["int64", "boolean", "string"]), default="int64",
              show_default=True, help="Type of the yes/no columns.")  # fmt: skip
@click.option("--scores", is_flag=True, help="Print the query that scores instead.")
@click.pass_obj
def sql(settings: Settings, /, version: str, dialect: str, **options: Any) -> None:
    """Print the counting query in an engine's SQL, to run it there yourself."""
    with _report_errors():
        _need_ibis()
        from webapp.lake import sql_text

        prepared = _prepared_version(settings, version)
        shape = sql_text.TableShape(
            table=options["table"],
            features=prepared.features,
            names=_column_names(options),
            flags=options["flags"],
            has_version=options["version_column"],
        )
        if options["scores"]:
            click.echo(sql_text.scoring_query(shape, dialect, version, prepared.scores))
        else:
            click.echo(sql_text.counting_query(shape, dialect, version))


@contextmanager
def _report_errors() -> Iterator[None]:
    """Print errors as one line."""
    from webapp.db.database import LogUnavailableError
    from webapp.events.lake.counts import LakeCountsError
    from webapp.lake.errors import LakeError

    try:
        yield
    except (LakeError, LakeCountsError) as error:
        raise click.ClickException(str(error)) from None
    except LogUnavailableError as error:
        raise click.ClickException(f"the database is unavailable: {error}") from None
    except KeyboardInterrupt:
        click.echo("\nStopped. Run the same command to continue.", err=True)
        raise click.exceptions.Exit(130) from None


@contextmanager
def _open_engine(options: dict[str, Any]) -> Iterator[Any]:
    _need_ibis()
    from webapp.lake.engines import open_engine
    from webapp.lake.sources import read_source

    engine = "" if options["engine"] == "duckdb" else options["engine"]
    source = read_source(
        options["place"], table=options["table"], engine=engine, master=options["master"]
    )
    with open_engine(source) as lake_engine:
        yield lake_engine


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


def _features_by_version(settings: Settings) -> dict[str, Any]:
    from webapp.catalog.reader import FolderCatalog
    from webapp.cli.models import ensure_synced

    ensure_synced(settings)
    versions = FolderCatalog(settings.models_folder, settings.var_dir).versions()
    return {v.name: v.prepared.features for v in versions if v.prepared is not None}


def _prepared_version(settings: Settings, name: str) -> Any:
    from webapp.catalog.reader import FolderCatalog
    from webapp.cli.models import ensure_synced
    from webapp.lake.errors import LakeError

    ensure_synced(settings)
    catalog = FolderCatalog(settings.models_folder, settings.var_dir)
    version = catalog.get(name)
    if version is None:
        ready = ", ".join(v.name for v in catalog.versions() if v.prepared is not None)
        raise LakeError(f"there is no version {name} (ready: {ready or 'none'})")
    if version.prepared is None:
        raise LakeError(f"version {name} can't be used: {version.reason or version.status}")
    return version.prepared


def _dataset(name: str) -> str:
    from webapp.events.lake.counts import LONGEST
    from webapp.lake.errors import LakeError

    if len(name) > LONGEST:  # checked before anything is read
        raise LakeError(
            f"{name} is too long for a dataset's name (at most {LONGEST} characters): "
            "choose one with --dataset"
        )
    return name


def _column_names(options: dict[str, Any], version: str = "version") -> Any:
    from webapp.lake.columns import ColumnNames

    return ColumnNames(options["timestamp"], options["label"], version, options["unit"])


def _ms(day: datetime | None) -> int | None:
    return None if day is None else int(day.replace(tzinfo=UTC).timestamp()) * 1000
