"""Where new versions go: what every store can do, and the store that is a folder.

A store lends a *draft*, a folder to make a version in, and takes the finished one over in one step:
whoever reads the store sees a version whole or not at all. The other stores, which need MLflow's
clients, are in ``objects`` and ``registry``; ``stores`` finds the one that MODELS_URI names.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.versions import VERSION_NAME

DRAFT_PREFIX = ".training-"  # hidden: no version's name starts with a dot
WHY = "why.json"  # beside a version's prepared files: what caused its training
_MAX_NAME = 90  # leaves room for _v<number> in a version's name


class SavingError(ValueError):
    """A version that can't be saved, and how to mend it."""


def always() -> None:
    """Nothing that could be lost is needed for saving."""


class Store(Protocol):
    """A place of versions that new ones can be added to."""

    @property
    def shown(self) -> str:
        """What messages call it: never with a password."""
        ...

    def place(self, version: str) -> str:
        """Where a version of that name stands, for a person to read."""
        ...

    def check_name(self, name: str) -> str:
        """The name of a model, to which ``_v<number>`` is added. Raises SavingError."""
        ...

    def name_for(self, wanted: str) -> str:
        """The name that a version can have here, where one isn't asked for by a person.

        That is ``wanted``, except in a registry, which has one name for all of its versions.
        """
        ...

    def draft(self) -> AbstractContextManager[Path]:
        """An empty folder to make a version in, gone afterwards. Raises SavingError."""
        ...

    def add(
        self,
        folder: Path,
        name: str,
        why: Mapping[str, Any] | None = None,
        still: Callable[[], None] = always,
    ) -> str:
        """Take a finished version over and return its name, ``<name>_v<next>``.

        ``folder`` is inside a draft of this store. ``why`` is what caused the training, as plain
        values, and is kept with the version. ``still`` is called right before the version is there
        and may raise, so that it never is. Raises SavingError.
        """
        ...


@contextlib.contextmanager
def draft_elsewhere() -> Iterator[Path]:
    """A draft on this machine, of a version that goes to another."""
    with tempfile.TemporaryDirectory(prefix="everycase-") as draft:
        yield Path(draft)


class FolderStore:
    """Versions as folders in a folder."""

    def __init__(self, models: Path) -> None:
        self._models = models

    @property
    def shown(self) -> str:
        """The folder's path."""
        return str(self._models)

    def place(self, version: str) -> str:
        """The version's folder."""
        return str(self._models / version)

    def check_name(self, name: str) -> str:
        """Letters, digits and a few signs. Raises SavingError."""
        return check_name(name)

    def name_for(self, wanted: str) -> str:
        """Any."""
        return wanted

    @contextlib.contextmanager
    def draft(self) -> Iterator[Path]:
        """A hidden folder beside the versions that only this process uses.

        What a killed process left is removed by the next one: its lock died with it.
        """
        with self._writing():
            self._models.mkdir(parents=True, exist_ok=True)
            with _lock(self._models):
                _sweep(self._models)
                draft = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=self._models))
                held = os.open(draft, os.O_RDONLY)
                fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            os.close(held)

    def add(
        self,
        folder: Path,
        name: str,
        why: Mapping[str, Any] | None = None,
        still: Callable[[], None] = always,
    ) -> str:
        """Move it to its name by one rename. Raises SavingError."""
        with self._writing():
            write_why(folder, why)
            folder.chmod(0o755)
            with _lock(self._models):  # two trainings at once take different numbers
                version = next_version(name, (path.name for path in self._models.iterdir()))
                still()
                folder.rename(self._models / version)
        return version

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or error
            raise SavingError(f"{self._models} can't be written: {why}") from error


def check_name(name: str) -> str:
    """The name of a model, to which ``_v<number>`` is added. Raises SavingError."""
    if VERSION_NAME.fullmatch(name) is None or len(name) > _MAX_NAME:
        raise SavingError(
            f"--name {name!r}: letters, digits, '.', '_' and '-' are allowed, "
            f"starting with a letter or digit, at most {_MAX_NAME}"
        )
    if re.search(r"_v[0-9]+$", name):
        raise SavingError(f"--name {name!r}: leave out the number at its end, it is added")
    return name


def next_version(name: str, there: Iterable[str]) -> str:
    """One more than the highest number there is: a gap is never filled."""
    pattern = re.compile(re.escape(name) + r"_v([0-9]{1,9})", re.ASCII)
    matches = (pattern.fullmatch(other) for other in there)
    return f"{name}_v{max((int(match[1]) for match in matches if match), default=0) + 1}"


def write_why(folder: Path, why: Mapping[str, Any] | None) -> None:
    """Put what caused a training beside the version's prepared files. Raises OSError."""
    if why:
        text = json.dumps(why, indent=2, sort_keys=True, default=str)
        (folder / OWN_FOLDER).mkdir(exist_ok=True)
        (folder / OWN_FOLDER / WHY).write_text(text + "\n", "utf-8")


def _sweep(models: Path) -> None:
    gone_or_used = contextlib.suppress(FileNotFoundError, BlockingIOError)  # another may end now
    for path in models.glob(DRAFT_PREFIX + "*"):
        with gone_or_used, _lock(path, fcntl.LOCK_NB):
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _lock(folder: Path, extra: int = 0) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | extra)
        yield
    finally:
        os.close(handle)
