"""The ``everycase`` command. Heavy modules are imported by the commands that need them."""

from __future__ import annotations

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


if __name__ == "__main__":
    main()
