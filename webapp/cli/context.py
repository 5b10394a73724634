"""Opens the services for a command, and turns their errors into messages."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from webapp.settings import SettingError, Settings

if TYPE_CHECKING:  # slow to import, and not all commands need it
    from webapp.services.context import Services


def user_name() -> str:
    """Who runs this command, by the system's name: the actor of what it does."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's number may have no name
        return "command"


def say_reading(notes: Sequence[str]) -> None:
    """Say on standard error how a file was read, where that isn't plain."""
    if notes:
        click.echo(f"Read {'; '.join(notes)}.", err=True)


@contextmanager
def open_services(settings: Settings) -> Iterator[Services]:
    """Open the app's services, synced where models come from a registry or bucket.

    Errors of the settings and the services end the command with one line.
    """
    from webapp.cases import InputError
    from webapp.cli.models import ensure_synced
    from webapp.composition import create_services
    from webapp.db.database import LogUnavailableError
    from webapp.services.predict import record, simulate, version_choice

    try:
        ensure_synced(settings)
        services = create_services(settings)
    except SettingError as error:
        raise click.ClickException(str(error)) from None
    try:
        yield services
    except LogUnavailableError as error:
        raise click.ClickException(f"the event log is unavailable: {error}") from None
    except (
        InputError,
        version_choice.UnknownVersionError,
        version_choice.VersionNotReadyError,
        record.RequestConflictError,
        simulate.DemoError,
    ) as error:
        raise click.ClickException(str(error)) from None
    finally:
        services.close()
