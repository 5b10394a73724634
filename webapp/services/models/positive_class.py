"""Choosing which of a model's two classes its probability stands for."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from webapp.cases import InputError, shorten
from webapp.catalog.choices import write_choices
from webapp.catalog.classes import match_class
from webapp.catalog.versions import Version
from webapp.db.database import Database
from webapp.db.migrate import ensure
from webapp.db.schema import SOURCES
from webapp.db.tables.class_choices import LONGEST, ClassChoices
from webapp.grammar import pluralize
from webapp.services.context import Services
from webapp.services.predict.version_choice import UnknownVersionError

_TAKEN_UP_SECONDS = 3.0  # for the supervisor to see a choice
_POLL_SECONDS = 0.1


def choose(services: Services, version: str, positive: str, actor: str, at: int) -> str:
    """Record the positive class of a version for all machines; returns the class as it is named.

    This machine's supervisor prepares the version again at once, others within seconds. Raises
    UnknownVersionError, InputError and LogUnavailableError; then nothing changed.
    """
    entry = services.catalog.get(version)
    if entry is None:
        raise UnknownVersionError(f"there is no version {shorten(version)}")
    name = check_choice(entry, positive)
    services.class_choices.choose(entry.digest, version, name, actor[:100], at)
    with suppress(OSError):  # then the supervisor copies them a few seconds later
        services.share_choices(services.class_choices.by_digest())
    return name


def check_choice(entry: Version, positive: str) -> str:
    """The class of a version that a person means. Raises InputError."""
    if not entry.classes:
        raise InputError("version", f"{entry.name} has no classes to choose from")
    name = match_class(entry.classes, positive)
    if name is None or len(name) > LONGEST:
        classes = " or ".join(shorten(each) for each in entry.classes)
        raise InputError("positive", f"is {shorten(positive) or 'empty'}: send {classes}")
    return name


def describe_choice(services: Services, version: str, name: str) -> str:
    """What was chosen, and which versions stand for another class so that no comparison is fair."""
    text = f"The probability of {version} is that of {shorten(name)} from now on."
    if services.counts.last(version, SOURCES):
        text += (
            f" Its events in the log keep their labels, and 1 counts as {shorten(name)} in all of "
            "them: if it meant the other class, give the version's folder another name, under "
            "which it begins without events."
        )
    others = [
        each.name
        for each in services.catalog.versions()
        if each.name != version and each.prepared is not None
        if name in each.prepared.facts.classes and each.prepared.facts.positive != name
    ]
    if not others:
        return text
    verb = pluralize(len(others), "is", "are")
    return f"{text} {', '.join(others)} {verb} of another class: they can't be compared with it."


def wait_until_taken_up(services: Services, version: str) -> None:
    """Wait a moment until the version no longer waits for a choice, so that a page can show it."""
    end = time.monotonic() + _TAKEN_UP_SECONDS
    while time.monotonic() < end:
        entry = services.catalog.get(version)
        if entry is None or entry.status != "needs a choice":
            return
        time.sleep(_POLL_SECONDS)


def copy_choices(database_url: str, records: Path) -> bool:
    """Copy the choices from the database to this machine's file. True if that changed it.

    Raises LogUnavailableError and OSError.
    """
    database = Database(database_url, prepare=ensure)
    try:
        return write_choices(records, ClassChoices(database).by_digest())
    finally:
        database.close()
