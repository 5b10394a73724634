"""The ``everycase`` command. Heavy modules are imported by the commands that need them."""

from __future__ import annotations

import gc

import click

from webapp.cli import (
    add,
    backtest,
    choose,
    compare,
    consume,
    drift,
    export,
    import_table,
    lake,
    link,
    log,
    models,
    prepare,
    retrain,
    traffic,
    train,
    work,
)
from webapp.server.scheduled import end_with_supervisor
from webapp.settings import SettingError, Settings

_NEW_OBJECTS = 50_000  # until garbage is searched for, of which importing makes little

COMMANDS: tuple[click.Command, ...] = (
    train.train,
    train.evaluate,
    import_table.import_table,
    models.versions,
    add.add,
    choose.choose,
    prepare.prepare,
    models.verify,
    models.sync,
    export.export,
    log.migrate,
    log.check,
    log.prune,
    traffic.demo,
    traffic.replay,
    consume.consume,
    backtest.backtest,
    compare.compare,
    drift.drift,
    drift.alert,
    lake.lake,
    retrain.retrain,
    retrain.job,
    work.work,
    link.link,
)


class _Group(click.Group):
    """Reads the settings once for all commands; a bad one ends with a line that names it."""

    def invoke(self, ctx: click.Context) -> object:
        gc.set_threshold(_NEW_OBJECTS)
        end_with_supervisor()
        try:
            ctx.obj = Settings.read()
        except SettingError as error:
            raise click.ClickException(str(error)) from None
        return super().invoke(ctx)


@click.group(
    cls=_Group,
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def main() -> None:
    """Everycase: serve small classifiers as tables of all cases, and keep them honest."""


if __name__ == "__main__":
    main()
