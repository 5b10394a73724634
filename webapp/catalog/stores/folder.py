"""The store that is a folder of model folders."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from webapp.catalog.stores.store import SavingError, Store, next_version, taken_error

DRAFT_PREFIX = ".training-"  # hidden: no version's name starts with a dot


class FolderStore(Store):
    """Versions as folders in a folder."""

    def __init__(self, models: Path) -> None:
        self._models = models

    @property
    def display_name(self) -> str:
        """The folder's path."""
        return str(self._models)

    def location(self, version: str) -> str:
        """The version's folder."""
        return str(self._models / version)

    @contextlib.contextmanager
    def draft(self) -> Iterator[Path]:
        """Lend a hidden folder beside the versions, which only this process uses.

        Drafts of killed processes are removed first: their locks died with them.
        """
        with self._saving():
            self._models.mkdir(parents=True, exist_ok=True)
            with _lock(self._models):
                _remove_abandoned(self._models)
                draft = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=self._models))
                lock = os.open(draft, os.O_RDONLY)
                fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            os.close(lock)

    def _publish(
        self, folder: Path, name: str, why: Mapping[str, Any], check_lock: Callable[[], None]
    ) -> str:
        """Move the folder to its name by one rename."""
        del why  # written into the folder already
        folder.chmod(0o755)
        with _lock(self._models):  # two trainings at once take different numbers
            version = next_version(name, (path.name for path in self._models.iterdir()))
            check_lock()
            folder.rename(self._models / version)
        return version

    def _publish_as(self, folder: Path, version: str) -> None:
        """Move the folder to that name by one rename."""
        folder.chmod(0o755)
        with _lock(self._models):
            if (self._models / version).exists():
                raise taken_error(version, self.display_name)
            folder.rename(self._models / version)

    @contextlib.contextmanager
    def _saving(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise SavingError(f"{self._models} can't be written: {reason}") from error


def _remove_abandoned(models: Path) -> None:
    """Remove the drafts that no process has locked."""
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
