"""``everycase train`` and ``everycase evaluate``: labelled rows from a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from webapp.cli import models as cli_models
from webapp.cli.context import open_services, user_name
from webapp.cli.version_name import VERSION
from webapp.settings import Settings


def _rows_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of commands that read labelled rows from a file."""
    for option in (
        click.option("--sha256", help="What the SHA-256 of the data must be."),
        click.option("--rows", default=":", show_default=True, help="FIRST:LAST, from 1."),
        click.option(
            "--data", help="CSV, Excel or Parquet, path or URL [default: the shipped models' data]."
        ),
    ):
        command = option(command)
    return command


@click.command()
@_rows_options
@click.option(
    "--estimator",
    type=click.Choice(["logit", "logit2", "hgb", "keras"]),
    default="logit",
    show_default=True,
)
@click.option("--name", required=True, help="Name of the model; _v and the next number are added.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1))
@click.pass_obj
def train(settings: Settings, /, data: str | None, **options: Any) -> None:
    """Train a model on labelled rows and save it as the next version of NAME."""
    from webapp.catalog.stores.open import open_store
    from webapp.training import command, source

    cli_models.refuse_ephemeral_disk(settings)
    request = command.TrainRequest(data=data or source.GAMES_URL, **options)
    store = open_store(settings.models_uri, settings.mlflow_tracking_uri)
    cache = settings.var_dir / "downloads"
    try:
        outcome = command.run(request, store=store, cache=cache, when=datetime.now(UTC))
    except command.TRAIN_ERRORS as error:
        raise click.ClickException(str(error)) from None
    click.echo(command.describe(outcome, store.location(outcome.version)))
    cli_models.sync_and_prepare(settings)


@click.command()
@click.argument("versions", nargs=-1, type=VERSION, metavar="[VERSION]...")
@_rows_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--store", is_flag=True,
              help="Hold these versions against the rows from now on.")  # fmt: skip
@click.option("--forget", is_flag=True, help="Forget the stored rows of these versions.")
@click.pass_obj
def evaluate(
    settings: Settings,
    /,
    data: str | None,
    *,
    as_json: bool,
    store: bool,
    forget: bool,
    **options: Any,
) -> None:
    """Print log loss, AUC and Brier score of versions (default: all) on labelled rows."""
    if forget:
        if store or data is not None:
            raise click.ClickException("--forget goes without --store and --data")
        _forget(settings, options["versions"], as_json=as_json)
        return
    from webapp.training import errors, source
    from webapp.training import evaluate as training

    request = training.EvaluateRequest(data=data or source.GAMES_URL, **options)
    cli_models.ensure_synced(settings)
    if store:
        cli_models.prepared_versions(settings)
    var = settings.var_dir
    try:
        scores = training.run(
            request,
            models=settings.models_folder,
            prepared=var / "catalog",
            cache=var / "downloads",
        )
    except errors.TrainingError as error:
        raise click.ClickException(str(error)) from None
    stored_parts = _store(settings, request) if store else []
    if as_json:
        form = training.as_json(scores)
        form |= {"stored": [each.as_json() for each in stored_parts]} if store else {}
        click.echo(json.dumps(form))
        return
    click.echo(training.describe(scores))
    for each in stored_parts:
        click.echo(f"\n{each.text}")


def _store(settings: Settings, request: Any) -> list[Any]:
    """Store the rows for the versions that were named. Raises ClickException."""
    from webapp.services.models import stored_rows
    from webapp.services.predict import version_choice
    from webapp.timing import now_ms
    from webapp.training import data, errors, rows, source

    if not request.versions:
        raise click.ClickException("--store is for the versions that are named: name one or more")
    with open_services(settings) as services:
        try:
            file = source.locate(request.data, request.sha256, settings.var_dir / "downloads")
            row_range, parts = rows.RowRange.parse(request.rows), []
            for name in dict.fromkeys(request.versions):
                _, prepared = version_choice.resolve(services, name)
                read = data.read_ordered(file.path, row_range, prepared.features)
                parts.append(stored_rows.count_unseen(name, prepared, read, file.sha256))
        except errors.TrainingError as error:
            raise click.ClickException(str(error)) from None
        about = stored_rows.FileRows(file.public_name, file.sha256, str(row_range))
        return stored_rows.store(services, parts, about, user_name(), now_ms())


def _forget(settings: Settings, versions: tuple[str, ...], *, as_json: bool) -> None:
    """Forget the rows stored for the versions that were named. Raises ClickException."""
    from webapp.services.models import stored_rows
    from webapp.services.predict import version_choice

    if not versions:
        raise click.ClickException("--forget is for the versions that are named: name one or more")
    texts = []
    with open_services(settings) as services:
        resolved_versions = [
            version_choice.resolve(services, name) for name in dict.fromkeys(versions)
        ]
        for name, prepared in resolved_versions:
            try:
                evaluation = stored_rows.forget(services, name, prepared, user_name())
            except stored_rows.NoStoredRowsError as error:
                texts.append(f"Nothing to forget: {error}.")
                continue
            texts.append(stored_rows.describe_forgotten(evaluation, name, prepared))
    click.echo(json.dumps({"forgotten": texts}) if as_json else "\n".join(texts))
