"""docs/settings.md has every option of every command, as ``--help`` has it."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from webapp.cli.main import main
from webapp.settings import ROOT

TEXT = (ROOT / "docs" / "settings.md").read_text("utf-8")


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """All commands that ``--help`` shows, with their whole names."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        child = command.get_command(context, each)
        if child is not None and not child.hidden:
            yield from commands(child, f"{name} {each}")


COMMANDS = dict(commands(main, "everycase"))


def row(name: str, command: click.Command) -> str:
    """The command's row in the table of all options."""
    context = click.Context(command)
    records = [
        option.get_help_record(context)
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
    ]
    options = [
        f"`{usage}`" + (f": {text.rstrip('.')}" if text else "")
        for usage, text in (record for record in records if record is not None)
    ]
    text = "; ".join(options).replace("|", r"\|").replace("\n", " ")
    return f"| `{name}` | {text} |"


@pytest.mark.parametrize("name", COMMANDS)
def test_its_options_are_in_the_settings(name: str) -> None:
    line = row(name, COMMANDS[name])
    if line.endswith("|  |"):
        assert f"| `{name}` |" not in TEXT.partition("### All options")[2]
    else:
        assert line in TEXT.splitlines()
