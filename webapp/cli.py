"""The ``everycase`` command. Heavy modules are imported by the commands that need them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

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


@main.command()
@click.option("--data", default=None, help="CSV or Parquet: path or URL (default: the games file).")
@click.option("--rows", default=":", show_default=True, help="FIRST:LAST, counted from 1.")
@click.option(
    "--estimator", type=click.Choice(["logit", "logit2", "hgb", "keras"]), default="logit"
)
@click.option("--name", required=True, help="The version's name; _v and its number are added.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1))
@click.option("--sha256", default=None, help="What the data's SHA-256 must be.")
@click.pass_obj
def train(settings: Settings, data: str | None, **asked: Any) -> None:
    """Train a model on labelled rows and save it as the next version of NAME."""
    from webapp.training import command, source

    request = command.Request(data=data or source.GAMES_URL, **asked)
    models, cache = settings.models_uri, settings.var_dir / "downloads"
    try:
        outcome = command.run(request, models=models, cache=cache, when=datetime.now(UTC))
    except command.Refused as error:
        raise click.ClickException(str(error)) from None
    click.echo(command.describe(outcome, models))


if __name__ == "__main__":
    main()
