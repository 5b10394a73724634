"""What is in the folder of models, and which prepared version belongs to each.

A version is served from the files that it carries (``everycase/``) or from a *record*: the prepared
version, or the refusal, that was made here and stands in ``var/catalog/``. A record is keyed by a
digest of everything in the model's folder, so a change of any file asks for a new one.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from webapp.catalog.digest import OWN_FOLDER, file_digest, model_digest, name_bytes
from webapp.catalog.environment import environment_warnings
from webapp.catalog.prepared import FACTS, Facts, PreparedError, read_facts, read_prepared
from webapp.catalog.stores.mirror_state import is_mirror
from webapp.catalog.versions import VERSION_NAME, Status

SETTLE_SECONDS = 1.0  # a folder that changed so recently may still be on its way


@dataclass(frozen=True)
class CatalogEntry:
    """One version as the index tells of it. ``place`` holds its prepared files when it is ready."""

    name: str
    status: Status
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    place: str | None = None
    key: str = ""  # of its record
    settled: bool = True  # False: files are still arriving

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _FolderState:
    """What a folder held when it was last read."""

    signature: tuple[tuple[str, int, int], ...]
    since: float  # by our clock: those of the files are copied along with them, or wrong
    digest: str
    key: str


class Scanner:
    """Looks at the folder of models again and again; reads only what changed.

    Files that a version carries are believed when they were there at the first look: shipped and
    self-trained versions need no preparing. What comes later, or changes, is checked by loading;
    so is everything in a mirror, whose versions were deployed by nobody.
    """

    def __init__(self, models: Path, records: Path, settle: float = SETTLE_SECONDS) -> None:
        self._models = models
        self._records = records
        self._settle = settle
        self._states: dict[str, _FolderState] = {}
        self._entries: dict[str, tuple[tuple[str, int, str], CatalogEntry]] = {}
        self._believed: set[str] | None = None  # keys; None before the first look

    def scan(self, now: float | None = None) -> tuple[CatalogEntry, ...]:
        """Every version, by name. ``now`` is a time in seconds that never goes back."""
        now = time.monotonic() if now is None else now
        if is_mirror(self._models):  # what comes there comes in one step
            self._settle, self._believed = 0.0, self._believed or set()
        entries = []
        for folder in self._folders():
            try:
                entries.append(self._entry(folder, now))
            except FileNotFoundError:  # removed while we looked, or a file of it
                if folder.is_dir():
                    entries.append(CatalogEntry(folder.name, "preparing", settled=False))
            except OSError as error:
                reason = f"its files can't be read: {error.strerror or error}"
                entries.append(CatalogEntry(folder.name, "unavailable", reason))
        if self._believed is None:
            self._believed = {state.key for state in self._states.values()}
        return tuple(entries)

    def record(self, key: str) -> Path:
        """Where the record of that key stands."""
        return self._records / key

    def _folders(self) -> list[Path]:
        try:
            folders = [path for path in self._models.iterdir() if path.is_dir()]
        except OSError:
            return []
        versions = [path for path in folders if VERSION_NAME.fullmatch(path.name)]
        return sorted(versions, key=lambda path: path.name)

    def _entry(self, folder: Path, now: float) -> CatalogEntry:
        state = self._folder_state(folder, now)
        place = self.record(state.key)
        if (place / FACTS).is_file():
            return self._cached_entry(folder.name, place, state)
        if now - state.since < self._settle and not self._is_believed(state):
            return CatalogEntry(folder.name, "preparing", key=state.key, settled=False)
        own_folder = folder / OWN_FOLDER
        if not (own_folder / FACTS).is_file():
            return CatalogEntry(folder.name, "preparing", key=state.key)
        entry = self._cached_entry(folder.name, own_folder, state)
        if entry.status == "ready" and not self._is_believed(state):
            return CatalogEntry(folder.name, "preparing", key=state.key)
        return entry

    def _is_believed(self, state: _FolderState) -> bool:
        return self._believed is None or state.key in self._believed

    def _folder_state(self, folder: Path, now: float) -> _FolderState:
        signature = _signature(folder)
        state = self._states.get(folder.name)
        if state is None or state.signature != signature:
            digest = model_digest(folder)
            state = _FolderState(signature, now, digest, _record_key(folder, digest))
            self._states[folder.name] = state
        return state

    def _cached_entry(self, name: str, place: Path, state: _FolderState) -> CatalogEntry:
        """What prepared files say, read again only when they were written again."""
        stamp = str(place), (place / FACTS).stat().st_mtime_ns, state.key
        cached = self._entries.get(name)
        if cached is None or cached[0] != stamp:
            cached = stamp, _read_entry(name, place, state)
            self._entries[name] = cached
        return cached[1]


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of all files: cheap to compare, and different after any change."""
    files = []
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            status = path.stat()
            files.append((str(path.relative_to(folder)), status.st_size, status.st_mtime_ns))
    return tuple(sorted(files))


def _record_key(folder: Path, digest: str) -> str:
    total = hashlib.sha256(digest.encode())
    own = folder / OWN_FOLDER
    for path in sorted(own.glob("*")) if own.is_dir() else []:
        if path.is_file():
            total.update(name_bytes(path.name) + b"\0" + bytes.fromhex(file_digest(path)))
    return total.hexdigest()[:40]


def _read_entry(name: str, place: Path, state: _FolderState) -> CatalogEntry:
    try:
        facts = read_facts(place)
        if facts.reason is not None:
            return CatalogEntry(name, "unavailable", facts.reason, key=state.key)
        if facts.digest != state.digest:
            raise PreparedError(
                "its files changed after its score table was made: restore them, or remove its "
                f"{OWN_FOLDER} folder to have the table made anew"
            )
        read_prepared(place)
    except PreparedError as error:
        return CatalogEntry(name, "unavailable", str(error), key=state.key)
    return CatalogEntry(name, "ready", None, warnings_of(facts), str(place), state.key)


def warnings_of(facts: Facts) -> tuple[str, ...]:
    """What a reader should know of a version that is served."""
    return (*facts.notes, *environment_warnings(facts))
