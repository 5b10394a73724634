"""The file of a model, and what is said of one that its library can't read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.catalog.error_text import show_name
from webapp.catalog.prepared import PreparedError


@contextmanager
def reading(folder: Path, name: str, library: str) -> Iterator[Path]:
    """The path of a model's file, for a library that says what it can't read in its own codes.

    Raises PreparedError if the file is missing, or whenever reading it fails.
    """
    path = folder / name
    if not path.is_file():
        raise PreparedError(f"{show_name(name)} is missing: copy the folder again as it was saved")
    try:
        yield path
    except (PreparedError, ImportError, MemoryError):
        raise
    except Exception as error:
        raise damaged(name, library) from error


def damaged(name: str, library: str) -> PreparedError:
    """The refusal of a file that isn't what its library writes."""
    return PreparedError(
        f"{show_name(name)} is damaged, or from a version that this {library} doesn't read. Copy "
        "it again as it was saved, or save the model again"
    )
