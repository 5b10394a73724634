"""The state of a mirror: a folder of versions that are kept like those of a registry or a bucket.

Light: web processes read it. ``mirror`` writes it.
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
CHECK_SECONDS = 1.0  # how old the answer to "is the registry away?" may be
_LATE_SECONDS = 120  # beyond three looks: then nobody looks any more


@dataclass(frozen=True)
class MirrorState:
    """What the last look came to. Times are ms since 1970, UTC."""

    looked: int = 0  # when a look began last
    reached: int | None = None  # when one last succeeded
    away: int | None = None  # since when none has; None when the last one did
    error: str | None = None  # why not; for those who run the app, it may name hosts
    note: str | None = None  # what else they and visitors should know
    every: float = 30.0  # seconds between two looks
    marks: Mapping[str, str] = field(default_factory=dict)  # of the versions that are here

    def away_since(self, now: int) -> int | None:
        """Since when the place was not reached, also when nobody looks any more."""
        if self.away is not None:
            return self.away
        late = now - self.looked > 1000 * (3 * self.every + _LATE_SECONDS)
        return self.looked if self.looked and late else None

    def failed(self, now: int, error: str) -> MirrorState:
        """After a look that failed."""
        return replace(self, away=self.away or now, error=error)

    def succeeded(self, now: int, marks: Mapping[str, str]) -> MirrorState:
        """After a look that didn't."""
        return replace(self, reached=now, away=None, error=None, marks=dict(marks))


def is_mirror(folder: Path) -> bool:
    """Is this folder kept by us, rather than by those who own the models?"""
    return (folder / STATE).is_file()


def read_state(folder: Path) -> MirrorState:
    """The state; a blank one when there is none yet, or a torn one."""
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
    """A mirror as a web process sees it. Safe in threads."""

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
        """What the last look came to, at most a second old."""
        now = self._clock()
        with self._lock:
            if not 0 <= now - self._checked < CHECK_SECONDS:
                self._state, self._checked = read_state(self._folder), now
            return self._state

    def away_since(self) -> int | None:
        """Since when the place was not reached, in ms since 1970; None when it is."""
        return self.state().away_since(int(self._clock() * 1000))
