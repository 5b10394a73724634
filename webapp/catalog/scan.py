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
class Entry:
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
class _Seen:
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
        self._seen: dict[str, _Seen] = {}
        self._read: dict[str, tuple[tuple[str, int, str], Entry]] = {}
        self._believed: set[str] | None = None  # keys; None before the first look

    def scan(self, now: float | None = None) -> tuple[Entry, ...]:
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
                    entries.append(Entry(folder.name, "preparing", settled=False))
            except OSError as error:
                reason = f"its files can't be read: {error.strerror or error}"
                entries.append(Entry(folder.name, "unavailable", reason))
        if self._believed is None:
            self._believed = {seen.key for seen in self._seen.values()}
        return tuple(entries)

    def record(self, key: str) -> Path:
        """Where the record of that key stands."""
        return self._records / key

    def _folders(self) -> list[Path]:
        try:
            found = [path for path in self._models.iterdir() if path.is_dir()]
        except OSError:
            return []
        named = [path for path in found if VERSION_NAME.fullmatch(path.name)]
        return sorted(named, key=lambda path: path.name)

    def _entry(self, folder: Path, now: float) -> Entry:
        seen = self._look(folder, now)
        place = self.record(seen.key)
        if (place / FACTS).is_file():
            return self._from_files(folder.name, place, seen)
        if now - seen.since < self._settle and not self._known(seen):
            return Entry(folder.name, "preparing", key=seen.key, settled=False)
        carried = folder / OWN_FOLDER
        if not (carried / FACTS).is_file():
            return Entry(folder.name, "preparing", key=seen.key)
        entry = self._from_files(folder.name, carried, seen)
        if entry.status == "ready" and not self._known(seen):
            return Entry(folder.name, "preparing", key=seen.key)
        return entry

    def _known(self, seen: _Seen) -> bool:
        return self._believed is None or seen.key in self._believed

    def _look(self, folder: Path, now: float) -> _Seen:
        signature = _signature(folder)
        seen = self._seen.get(folder.name)
        if seen is None or seen.signature != signature:
            digest = model_digest(folder)
            seen = _Seen(signature, now, digest, _key(folder, digest))
            self._seen[folder.name] = seen
        return seen

    def _from_files(self, name: str, place: Path, seen: _Seen) -> Entry:
        """What prepared files say, read again only when they were written again."""
        stamp = str(place), (place / FACTS).stat().st_mtime_ns, seen.key
        known = self._read.get(name)
        if known is None or known[0] != stamp:
            known = stamp, _from_files(name, place, seen)
            self._read[name] = known
        return known[1]


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of all files: cheap to compare, and different after any change."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            status = path.stat()
            found.append((str(path.relative_to(folder)), status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))


def _key(folder: Path, digest: str) -> str:
    total = hashlib.sha256(digest.encode())
    own = folder / OWN_FOLDER
    for path in sorted(own.glob("*")) if own.is_dir() else []:
        if path.is_file():
            total.update(name_bytes(path.name) + b"\0" + bytes.fromhex(file_digest(path)))
    return total.hexdigest()[:40]


def _from_files(name: str, place: Path, seen: _Seen) -> Entry:
    try:
        facts = read_facts(place)
        if facts.reason is not None:
            return Entry(name, "unavailable", facts.reason, key=seen.key)
        if facts.digest != seen.digest:
            raise PreparedError(
                "its files changed after its score table was made: restore them, or remove its "
                f"{OWN_FOLDER} folder to have the table made anew"
            )
        read_prepared(place)
    except PreparedError as error:
        return Entry(name, "unavailable", str(error), key=seen.key)
    return Entry(name, "ready", None, warnings_of(facts), str(place), seen.key)


def warnings_of(facts: Facts) -> tuple[str, ...]:
    """What a reader should know of a version that is served."""
    return (*facts.notes, *environment_warnings(facts))
