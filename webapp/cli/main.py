"""The ``everycase`` command. Heavy modules are imported by the commands that need them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from webapp.cli import backtest as cli_backtest
from webapp.cli import compare as cli_compare
from webapp.cli import consume as cli_consume
from webapp.cli import drift as cli_drift
from webapp.cli import export as cli_export
from webapp.cli import lake as cli_lake
from webapp.cli import log as cli_log
from webapp.cli import models as cli_models
from webapp.cli import retrain as cli_retrain
from webapp.cli import traffic as cli_traffic
from webapp.cli import work as cli_work
from webapp.settings import SettingError, Settings


class _Group(click.Group):
    """Reads the settings once; a wrong one ends with a line that names it."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            ctx.obj = Settings.read()
        except SettingError as error:
            raise click.ClickException(str(error)) from None
        return super().invoke(ctx)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Everycase: a small classifier in front of people, and kept honest."""


def _labelled_rows(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that reads labelled rows from a file."""
    for option in (
        click.option("--sha256", help="What the SHA-256 of the data must be."),
        click.option("--rows", default=":", show_default=True, help="FIRST:LAST, from 1."),
        click.option("--data", help="CSV or Parquet, path or URL [default: the games file]."),
    ):
        command = option(command)
    return command


@main.command()
@_labelled_rows
@click.option(
    "--estimator",
    type=click.Choice(["logit", "logit2", "hgb", "keras"]),
    default="logit",
    show_default=True,
)
@click.option("--name", required=True, help="Name of the model; _v and the next number are added.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1))
@click.pass_obj
def train(settings: Settings, /, data: str | None, **asked: Any) -> None:
    """Train a model on labelled rows and save it as the next version of NAME."""
    from webapp.catalog.stores.open import open_store
    from webapp.training import command, source

    cli_models.require_place(settings)
    request = command.Request(data=data or source.GAMES_URL, **asked)
    store = open_store(settings.models_uri, settings.mlflow_tracking_uri)
    cache = settings.var_dir / "downloads"
    try:
        outcome = command.run(request, store=store, cache=cache, when=datetime.now(UTC))
    except command.Refused as error:
        raise click.ClickException(str(error)) from None
    click.echo(command.describe(outcome, store.place(outcome.version)))
    cli_models.bring(settings)


@main.command()
@click.argument("versions", nargs=-1, metavar="[VERSION]...")
@_labelled_rows
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def evaluate(settings: Settings, /, data: str | None, *, as_json: bool, **asked: Any) -> None:
    """Log loss, AUC and Brier score of versions (default: all) on labelled rows."""
    from webapp.training import errors, source
    from webapp.training import evaluate as training

    request = training.Request(data=data or source.GAMES_URL, **asked)
    cli_models.fill(settings)
    var = settings.var_dir
    try:
        found = training.run(
            request,
            models=settings.models_folder,
            prepared=var / "catalog",
            cache=var / "downloads",
        )
    except errors.TrainingError as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(training.as_json(found)) if as_json else training.describe(found))


main.add_command(cli_models.versions)
main.add_command(cli_models.verify)
main.add_command(cli_models.sync)
main.add_command(cli_export.export)
main.add_command(cli_log.migrate)
main.add_command(cli_log.check)
main.add_command(cli_log.prune)
main.add_command(cli_traffic.demo)
main.add_command(cli_traffic.replay)
main.add_command(cli_consume.consume)
main.add_command(cli_backtest.backtest)
main.add_command(cli_compare.compare)
main.add_command(cli_drift.drift)
main.add_command(cli_drift.alert)
main.add_command(cli_lake.lake)
main.add_command(cli_retrain.retrain)
main.add_command(cli_retrain.job)
main.add_command(cli_work.work)


if __name__ == "__main__":
    main()
