"""Files of a model that are only pointers of Git LFS, or empty: seen before it is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from webapp.catalog.digest import model_files
from webapp.catalog.error_text import show_name
from webapp.catalog.prepared import PreparedError

_POINTER = b"version https://git-lfs."
_LARGEST_POINTER = 1024  # bytes


def check_files(folder: Path, flavors: Mapping[str, Any]) -> None:
    """Raise PreparedError for a pointer of Git LFS, and for a file of the model that is empty."""
    names = {path for flavor in flavors.values() for path in _texts(flavor)}
    for path in model_files(folder):
        name = path.relative_to(folder).as_posix()
        check_file(path, name, may_be_empty=name not in names)


def check_file(path: Path, name: str, *, may_be_empty: bool = False) -> None:
    """Raise PreparedError if a file is a pointer of Git LFS, or empty. Raises OSError."""
    size = path.stat().st_size
    if size == 0 and not may_be_empty:
        raise PreparedError(f"{show_name(name)} is empty: copy it again as it was saved")
    if 0 < size <= _LARGEST_POINTER:
        with path.open("rb") as file:
            if file.read(len(_POINTER)) == _POINTER:
                raise PreparedError(
                    f"{show_name(name)} is a pointer of Git LFS, not the file itself: run "
                    "git lfs pull where the folder was cloned, and copy it again"
                )


def _texts(value: Any) -> Iterator[str]:
    """All texts in a flavor that may name a file."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value.rpartition("/")[2] if value.startswith("/") else value
