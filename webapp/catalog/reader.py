"""The catalog of a web process: the supervisor's index and the prepared versions in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Lock

from webapp.catalog.index import INDEX, RECORDS, read_index
from webapp.catalog.prepared import Prepared, PreparedError, read_prepared
from webapp.catalog.scan import CatalogEntry, Scanner
from webapp.catalog.versions import Version

CHECK_SECONDS = 0.25  # how old the answer to "has the index changed?" may be


class FolderCatalog:
    """The versions in a folder of models, as of the supervisor's last scan.

    Until the supervisor has written its index, the catalog uses one scan of its own, so that
    versions with prepared files in their folders are served from the first request.
    """

    def __init__(
        self, models: Path, var: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._models = models
        self._var = var
        self._clock = clock
        self._lock = Lock()
        self._prepared: dict[tuple[str, str], Prepared] = {}
        self._stamp = self._stat()  # an index from an earlier run may be outdated: it isn't read
        self._versions: tuple[Version, ...] = ()
        self._by_name: dict[str, Version] = {}
        self._adopt(Scanner(models, var / RECORDS).scan())
        self._checked = clock()

    def versions(self) -> tuple[Version, ...]:
        """Every version, by name."""
        self._refresh()
        return self._versions

    def get(self, name: str) -> Version | None:
        """The version of that name, or None."""
        self._refresh()
        return self._by_name.get(name)

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._checked < CHECK_SECONDS:
            return
        with self._lock:
            self._checked = now
            stamp = self._stat()
            if stamp == self._stamp:
                return
            entries = read_index(self._var, self._models)
            # Files that can't be read may still be arriving: then they are read again.
            if entries is not None and self._adopt(entries):
                self._stamp = stamp

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            status = (self._var / RECORDS / INDEX).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _adopt(self, entries: tuple[CatalogEntry, ...]) -> bool:
        """Replace the versions. False if the files of one could not be read."""
        by_place: dict[tuple[str, str], Prepared] = {}
        versions = tuple(self._version(entry, by_place) for entry in entries)
        self._prepared = by_place
        self._by_name = {version.name: version for version in versions}
        self._versions = versions
        return len(by_place) == len({(e.place, e.key) for e in entries if e.place is not None})

    def _version(self, entry: CatalogEntry, by_place: dict[tuple[str, str], Prepared]) -> Version:
        if entry.place is None:
            version = Version(entry.name, entry.status, entry.reason, entry.warnings)
            return replace(
                version, digest=entry.digest, classes=entry.classes, created=entry.created
            )
        key = (entry.place, entry.key)
        try:
            prepared = self._prepared.get(key) or read_prepared(Path(entry.place))
        except PreparedError as error:
            return Version(entry.name, "unavailable", str(error), created=entry.created)
        by_place[key] = prepared
        version = Version(entry.name, "ready", None, entry.warnings, prepared)
        return replace(version, digest=entry.digest, classes=entry.classes, created=entry.created)
