"""The ``everycase`` command. Heavy modules are imported by the commands that need them."""

from __future__ import annotations

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
from webapp.cli import train
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


main.add_command(train.train)
main.add_command(train.evaluate)
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
