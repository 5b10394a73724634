"""The files of a source at its start, to detect changes while they are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from webapp.lake.errors import LakeError
from webapp.lake.sources import LakeSource, format_of, matching


class FileSnapshot:
    """Files with their sizes and times of change."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._stamps = {str(file): _stamp(file) for file in sorted(files)}

    @property
    def names(self) -> list[str]:
        """Their paths."""
        return list(self._stamps)

    def refuse_changes(self) -> None:
        """Raise LakeError if a file is gone or has changed."""
        for file, stamp in self._stamps.items():
            path = Path(file)
            if not path.exists() or _stamp(path) != stamp:
                raise LakeError(f"{file} changed while it was read: run the same command again")


def take_snapshot(source: LakeSource) -> FileSnapshot:
    """The files of the source that exist now."""
    place = Path(source.place)
    if place.is_file():
        files = [place]
    elif place.is_dir():
        files = [f for f in place.rglob("*") if f.is_file() and format_of(f.name) == source.format]
    else:
        files = [f for f in matching(place) if f.is_file()]
    return FileSnapshot(files)


def _stamp(file: Path) -> tuple[int, int]:
    facts = file.stat()
    return facts.st_size, facts.st_mtime_ns
