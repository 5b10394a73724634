"""Scan the folder of models and find the prepared version of each.

A version is served from the files inside its folder (``everycase/``) or from a *record*: the
prepared version or refusal that was made here and is in ``var/catalog/``. A record's key is a
digest of everything in the model's folder and of the positive class that a person chose, so a
change of any of them requires a new record.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from webapp.cases import shorten
from webapp.catalog.age import read_creation
from webapp.catalog.choices import read_choices
from webapp.catalog.classes import describe_choice
from webapp.catalog.digest import (
    OWN_FOLDER,
    TooLargeError,
    file_digest,
    model_digest,
    name_bytes,
    sized_files,
)
from webapp.catalog.environment import environment_warnings
from webapp.catalog.prepared import FACTS, Facts, PreparedError, read_facts, read_prepared
from webapp.catalog.stores.mirror_state import is_mirror
from webapp.catalog.versions import VERSION_NAME, VersionStatus, suggest_name

SETTLE_SECONDS = 1.0  # a folder that changed so recently may still be arriving
# Folders that systems make by themselves
_NOT_MODELS = {"lost+found", "__pycache__", "__MACOSX", "@eaDir"}


@dataclass(frozen=True)
class CatalogEntry:
    """One version in the index. ``place`` is the folder of its prepared files when it is ready."""

    name: str
    status: VersionStatus
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    place: str | None = None
    key: str = ""  # of its record
    settled: bool = True  # False: files are still arriving
    digest: str = ""  # of the model's files
    classes: tuple[str, ...] = ()  # those of which a person can choose the positive one
    choice: str | None = None  # the one that was chosen
    created: int | None = None  # when the model was made, in ms since 1970

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _FolderState:
    """The content of a model's folder when it was last read."""

    signature: tuple[tuple[str, int, int], ...]
    since: float  # by our clock: the files' times may be copied from elsewhere, or wrong
    digest: str
    own_digest: str  # of the files in our folder inside it
    created: int | None
    choice: str | None = None  # of the positive class

    @property
    def key(self) -> str:
        """The key of its record."""
        parts = [self.digest, self.own_digest]
        parts += [] if self.choice is None else [f"positive {self.choice}"]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:40]


@dataclass(frozen=True)
class _Folders:
    """Folders whose names can be those of versions, and the names of others."""

    versions: tuple[Path, ...]
    misnamed: tuple[str, ...]


class Scanner:
    """Scans the folder of models repeatedly and reads only what changed.

    Prepared files that are inside a version's folder at the first scan are believed, so shipped and
    self-trained versions need no preparing. What arrives later or changes is checked by loading the
    model; so is everything in a mirror, whose versions nobody deployed with the app.
    """

    def __init__(self, models: Path, records: Path, settle: float = SETTLE_SECONDS) -> None:
        self._models = models
        self._records = records
        self._settle = settle
        self._states: dict[str, _FolderState] = {}
        self._entries: dict[str, tuple[tuple[str, int, str], CatalogEntry]] = {}
        self._believed: set[str] | None = None  # keys; None before the first scan
        self._choices: dict[str, str] = {}

    def scan(self, now: float | None = None) -> tuple[CatalogEntry, ...]:
        """Every version, by name. ``now`` is a time in seconds that never goes back."""
        now = time.monotonic() if now is None else now
        if is_mirror(self._models):  # a version arrives there in one step
            self._settle, self._believed = 0.0, self._believed or set()
        self._choices = read_choices(self._records)
        folders = self._folders()
        entries = [_misnamed_entry(name) for name in folders.misnamed]
        for folder in folders.versions:
            try:
                entries.append(self._entry(folder, now))
            except FileNotFoundError:  # the folder or one of its files was removed meanwhile
                if folder.is_dir():
                    entries.append(CatalogEntry(folder.name, "preparing", settled=False))
            except OSError as error:
                reason = f"Its files can't be read: {error.strerror or error}"
                reason = str(error.strerror) if isinstance(error, TooLargeError) else reason
                entries.append(CatalogEntry(folder.name, "unavailable", reason))
        if self._believed is None:
            self._believed = {state.key for state in self._states.values()}
        return tuple(sorted(entries, key=lambda entry: entry.name))

    def record(self, key: str) -> Path:
        """The folder of the record with that key."""
        return self._records / key

    def _folders(self) -> _Folders:
        try:
            folders = [path for path in self._models.iterdir() if path.is_dir()]
        except OSError:
            return _Folders((), ())
        visible = [path for path in folders if path.name[0] != "." and path.name not in _NOT_MODELS]
        versions = tuple(path for path in visible if VERSION_NAME.fullmatch(path.name))
        return _Folders(versions, tuple(path.name for path in visible if path not in versions))

    def _entry(self, folder: Path, now: float) -> CatalogEntry:
        state = self._folder_state(folder, now)
        return replace(self._entry_of(folder, state, now), created=state.created)

    def _entry_of(self, folder: Path, state: _FolderState, now: float) -> CatalogEntry:
        place = self.record(state.key)
        if (place / FACTS).is_file():
            return self._cached_entry(folder.name, place, state)
        if now - state.since < self._settle and not self._is_believed(state):
            return replace(_preparing_entry(folder.name, state), settled=False)
        own_folder = folder / OWN_FOLDER
        if not (own_folder / FACTS).is_file():
            return _preparing_entry(folder.name, state)
        entry = self._cached_entry(folder.name, own_folder, state)
        if entry.status == "ready" and not self._is_believed(state):
            return _preparing_entry(folder.name, state)
        return entry

    def _is_believed(self, state: _FolderState) -> bool:
        return self._believed is None or state.key in self._believed

    def _folder_state(self, folder: Path, now: float) -> _FolderState:
        signature = _signature(folder)
        state = self._states.get(folder.name)
        if state is None or state.signature != signature:
            digest = model_digest(folder)
            is_touched = state is not None and state.digest == digest  # its age stays what it was
            created_at = state.created if state and is_touched else read_creation(folder)
            state = _FolderState(signature, now, digest, _own_digest(folder), created_at)
        choice = self._choices.get(state.digest)
        if state.choice != choice:
            state = replace(state, choice=choice)
        self._states[folder.name] = state
        return state

    def _cached_entry(self, name: str, place: Path, state: _FolderState) -> CatalogEntry:
        """The entry by prepared files, which are read again only after they were written again."""
        stamp = str(place), (place / FACTS).stat().st_mtime_ns, state.key
        last_read = self._entries.get(name)
        if last_read is None or last_read[0] != stamp:
            last_read = stamp, _read_entry(name, place, state, can_choose=place.name != OWN_FOLDER)
            self._entries[name] = last_read
        return last_read[1]


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of all files, which differ after any change and are fast to read."""
    files = [
        (name, status.st_size, status.st_mtime_ns)
        for name, status in sized_files(folder)
        if "__pycache__" not in name.split("/")
    ]
    return tuple(sorted(files))


def _own_digest(folder: Path) -> str:
    total = hashlib.sha256()
    own = folder / OWN_FOLDER
    for path in sorted(own.glob("*")) if own.is_dir() else []:
        if path.is_file():
            total.update(name_bytes(path.name) + b"\0" + bytes.fromhex(file_digest(path)))
    return total.hexdigest()


def _preparing_entry(name: str, state: _FolderState) -> CatalogEntry:
    return CatalogEntry(name, "preparing", key=state.key, digest=state.digest, choice=state.choice)


def _misnamed_entry(name: str) -> CatalogEntry:
    """A folder that can't be a version because of its name."""
    reason = (
        "Its name can't be a version's, which has letters from A to Z, digits, dots, hyphens and "
        f"underscores: rename the folder, such as to {suggest_name(name)}"
    )
    return CatalogEntry(shorten(name), "unavailable", reason)


def _read_entry(name: str, place: Path, state: _FolderState, *, can_choose: bool) -> CatalogEntry:
    """The entry by prepared files; ``can_choose``: a table that came with the model is final."""
    common: dict[str, Any] = {
        "key": state.key,
        "digest": state.digest,
        "choice": state.choice,
    }
    try:
        facts = read_facts(place)
        common["classes"] = facts.classes if can_choose else ()
        if facts.needs_choice:
            reason = describe_choice(name, facts.classes)
            return CatalogEntry(name, "needs a choice", reason, **common)
        if facts.reason is not None:
            return CatalogEntry(name, "unavailable", facts.reason, **common)
        if facts.digest != state.digest:
            raise PreparedError(
                "Its files changed after its score table was made: restore them, or delete its "
                f"{OWN_FOLDER} folder to have a new table made"
            )
        read_prepared(place)
    except PreparedError as error:
        return CatalogEntry(name, "unavailable", str(error), key=state.key)
    return CatalogEntry(name, "ready", None, warnings_of(facts), str(place), **common)


def warnings_of(facts: Facts) -> tuple[str, ...]:
    """The warnings about a version that is served."""
    return (*facts.notes, *environment_warnings(facts))
