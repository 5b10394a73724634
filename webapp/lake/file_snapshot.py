"""The files of a source as they were at first: what was proven of them must still hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from webapp.lake.errors import LakeError
from webapp.lake.sources import Source, format_of, matching


class Pinned:
    """Files with their sizes and times; what comes later is another run's."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._stamps = {str(file): _stamp(file) for file in sorted(files)}

    @property
    def names(self) -> list[str]:
        """Their paths."""
        return list(self._stamps)

    def refuse_changes(self) -> None:
        """Raises LakeError when one is gone or another."""
        for file, stamp in self._stamps.items():
            path = Path(file)
            if not path.exists() or _stamp(path) != stamp:
                raise LakeError(f"{file} changed while it was read: run the same command again")


def found(source: Source) -> Pinned:
    """The files that there are now."""
    place = Path(source.place)
    if place.is_file():
        files = [place]
    elif place.is_dir():
        files = [f for f in place.rglob("*") if f.is_file() and format_of(f.name) == source.format]
    else:
        files = [f for f in matching(place) if f.is_file()]
    return Pinned(files)


def _stamp(file: Path) -> tuple[int, int]:
    facts = file.stat()
    return facts.st_size, facts.st_mtime_ns
