"""Sizes of a version's files as its store lists them, so that nothing huge is ever downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from webapp.catalog.digest import MOST_LEVELS, TooLargeError, check_bounds, check_level
from webapp.catalog.stores.mlflow_clients import RemoteError


def list_files(
    repo: Any, path: str = "", *, check: Callable[[int], None] = lambda _level: None
) -> Iterator[tuple[str, int]]:
    """Yield names and sizes of files. Keys crafted to lead out of the folder are skipped.

    A store may not know a size: then it is 0. Nothing is listed in more than MOST_LEVELS folders
    inside one another; ``check`` is told of the number.
    """
    waiting = [(path, 0)]
    while waiting:
        folder, level = waiting.pop()
        for info in repo.list_artifacts(folder or None):
            if folder and not info.path.startswith(f"{folder}/"):
                continue
            if not info.is_dir:
                yield info.path, info.file_size or 0
                continue
            check(level + 1)
            if level < MOST_LEVELS:
                waiting.append((info.path, level + 1))


def refuse_oversize(repo: Any, path: str = "") -> None:
    """Raise RemoteError if the files below a path are more, larger, or deeper than any model's."""
    total = 0
    try:
        for count, (_, size) in enumerate(list_files(repo, path, check=check_level), 1):
            total += size
            check_bounds(total, count)
    except TooLargeError as error:
        raise RemoteError(error.strerror) from None
