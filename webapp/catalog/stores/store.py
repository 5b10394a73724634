"""The base class of stores of versions, and what all stores share.

A store lends a *draft*, an empty folder to make a version in, and publishes the finished one in one
step, so that readers see a version complete or not at all.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.stores.mlflow_clients import RemoteError, translate_errors
from webapp.catalog.versions import VERSION_NAME

WHY = "why.json"  # beside a version's prepared files: what caused its training
_MAX_NAME = 90  # leaves room for _v<number> in a version's name


class SavingError(ValueError):
    """A version can't be saved; the message says why and how to fix it."""


def no_lock_needed() -> None:
    """Default lock check: the caller holds no lock that could be lost."""


class Store(ABC):
    """A place for versions that new ones can be added to."""

    assigns_numbers = False  # True if all versions are of one name and get their numbers there

    @property
    @abstractmethod
    def display_name(self) -> str:
        """The store's name in messages, without any password."""

    @abstractmethod
    def location(self, version: str) -> str:
        """The address of a version, for a person to read."""

    def check_name(self, name: str) -> str:
        """Return a valid model name, to which ``_v<number>`` is added. Raises SavingError."""
        return check_name(name)

    def name_for(self, default: str) -> str:
        """The model name to save under when nobody gave one: ``default``, except in a registry."""
        return default

    @contextlib.contextmanager
    def draft(self) -> Iterator[Path]:
        """Lend an empty folder on this machine and remove it afterwards. Raises SavingError."""
        with tempfile.TemporaryDirectory(prefix="everycase-") as draft:
            yield Path(draft)

    def add(
        self,
        folder: Path,
        name: str,
        why: Mapping[str, Any] | None = None,
        check_lock: Callable[[], None] = no_lock_needed,
    ) -> str:
        """Add a finished version and return its name, ``<name>_v<next>``.

        ``folder`` is inside a draft of this store. ``why`` is what caused the training, as plain
        values, and is kept with the version. ``check_lock`` is called right before the version
        appears; when it raises, the version never does. Raises SavingError.
        """
        with self._saving():
            write_why(folder, why)
            return self._publish(folder, name, why or {}, check_lock)

    def add_as(self, folder: Path, version: str) -> str:
        """Add a finished version under this very name and return it. Raises SavingError."""
        with self._saving():
            self._publish_as(folder, version)
        return version

    @abstractmethod
    def _publish(
        self, folder: Path, name: str, why: Mapping[str, Any], check_lock: Callable[[], None]
    ) -> str:
        """Make the finished ``folder`` the next version of its name and return the new name."""

    @abstractmethod
    def _publish_as(self, folder: Path, version: str) -> None:
        """Make the finished ``folder`` the version of that name. Raises SavingError if it is."""

    @abstractmethod
    def _saving(self) -> AbstractContextManager[None]:
        """Turn the errors of writing to the store into SavingError."""


class RemoteStore(Store):
    """A store that is reached through MLflow's clients."""

    @contextlib.contextmanager
    def _saving(self) -> Iterator[None]:
        refusal = None
        try:
            with translate_errors(f"{self.display_name} can't be written"):
                try:
                    yield
                except SavingError as error:  # in our own words already
                    refusal = error
        except RemoteError as error:
            raise SavingError(str(error)) from error
        if refusal is not None:
            raise refusal


def check_name(name: str) -> str:
    """Return a valid model name, to which ``_v<number>`` is added. Raises SavingError."""
    if VERSION_NAME.fullmatch(name) is None or len(name) > _MAX_NAME:
        raise SavingError(
            f"--name {name!r}: use letters, digits, '.', '_' and '-', "
            f"starting with a letter or digit, at most {_MAX_NAME} in all"
        )
    if re.search(r"_v[0-9]+$", name):
        raise SavingError(f"--name {name!r}: leave out the number at the end; it is added")
    return name


def next_version(name: str, versions: Iterable[str]) -> str:
    """The name with one more than the highest number in ``versions``: a gap is never filled."""
    pattern = re.compile(re.escape(name) + r"_v([0-9]{1,9})", re.ASCII)
    matches = (pattern.fullmatch(version) for version in versions)
    return f"{name}_v{max((int(match[1]) for match in matches if match), default=0) + 1}"


def split_version(name: str) -> tuple[str, str | None]:
    """``churn`` and ``churn_v3`` for a version's name; ``churn`` and None for a model's."""
    match = re.fullmatch(r"(.+)_v[0-9]{1,9}", name, re.ASCII)
    return (match[1], name) if match else (name, None)


def taken_error(version: str, place: str) -> SavingError:
    """The error about a version that is there already."""
    name, _ = split_version(version)
    return SavingError(f"{version} is in {place} already: --as {name} takes the next number")


def write_why(folder: Path, why: Mapping[str, Any] | None) -> None:
    """Write what caused a training beside the version's prepared files. Raises OSError."""
    if why:
        text = json.dumps(why, indent=2, sort_keys=True, default=str)
        (folder / OWN_FOLDER).mkdir(exist_ok=True)
        (folder / OWN_FOLDER / WHY).write_text(text + "\n", "utf-8")
