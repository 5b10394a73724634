"""The state of a mirror: a local folder that is kept in sync with a registry or bucket.

``mirror`` writes it. This module imports nothing heavy, so that web processes can read it.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Lock

STATE = ".mirror.json"  # hidden: no version's name starts with a dot
CHECK_SECONDS = 1.0  # how old a web process's copy of the state may be
_LATE_SECONDS = 120  # beyond three missed syncs: then nobody syncs any more


@dataclass(frozen=True)
class MirrorState:
    """The result of the last sync. Times are ms since 1970, UTC."""

    looked: int = 0  # when the last sync began
    reached: int | None = None  # when one last succeeded
    away: int | None = None  # since when they have failed; None when the last one succeeded
    error: str | None = None  # why it failed; for administrators only, as it may name hosts
    note: str | None = None  # anything else that administrators and visitors should know
    every: float = 30.0  # seconds between two syncs
    marks: Mapping[str, str] = field(default_factory=dict)  # of the versions that are here

    def away_since(self, now: int) -> int | None:
        """Since when the source is unavailable or no sync has run; None if all is well."""
        if self.away is not None:
            return self.away
        late = now - self.looked > 1000 * (3 * self.every + _LATE_SECONDS)
        return self.looked if self.looked and late else None

    def after_failure(self, now: int, error: str) -> MirrorState:
        """The state after a sync that failed."""
        return replace(self, away=self.away or now, error=error)

    def after_success(self, now: int, marks: Mapping[str, str]) -> MirrorState:
        """The state after a sync that succeeded."""
        return replace(self, reached=now, away=None, error=None, marks=dict(marks))


def is_mirror(folder: Path) -> bool:
    """True if the folder is a mirror that we keep, rather than its owner's folder of models."""
    return (folder / STATE).is_file()


def read_state(folder: Path) -> MirrorState:
    """The state; a blank one if there is none yet or it can't be read."""
    try:
        values = json.loads((folder / STATE).read_text("utf-8"))
        return MirrorState(**values)
    except (OSError, ValueError, TypeError):
        return MirrorState()


def write_state(folder: Path, state: MirrorState) -> None:
    """Replace the state in one step. Raises OSError."""
    descriptor, draft = tempfile.mkstemp(prefix=f"{STATE}-", dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=1)
    Path(draft).replace(folder / STATE)


class Mirror:
    """A mirror as a web process reads it. Safe in threads."""

    def __init__(
        self,
        folder: Path,
        place: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = Lock()
        self._state = MirrorState()
        self._checked = float("-inf")
        self.place = place  # "model registry" or "bucket", for sentences

    def state(self) -> MirrorState:
        """The result of the last sync, at most CHECK_SECONDS old."""
        now = self._clock()
        with self._lock:
            if not 0 <= now - self._checked < CHECK_SECONDS:
                self._state, self._checked = read_state(self._folder), now
            return self._state

    def away_since(self) -> int | None:
        """Since when the source is unavailable, in ms since 1970; None if it is available."""
        return self.state().away_since(int(self._clock() * 1000))
