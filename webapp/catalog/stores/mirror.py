"""Keep a folder in sync with a registry or bucket: fetch new versions, remove vanished ones.

A sync never harms what is there: a version comes and goes by one rename, and when the source can't
be reached, or suddenly holds nothing, the versions fetched before stay. Only for short processes.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.prepared import Facts, PreparedError, read_facts, write_prepared
from webapp.catalog.stores.mirror_state import MirrorState, read_state, write_state
from webapp.catalog.stores.mlflow_clients import RemoteError
from webapp.catalog.versions import VERSION_NAME

DRAFT_PREFIX = ".fetching-"
_LOCK = ".lock"


class MirrorSource(Protocol):
    """A registry or bucket as a mirror reads it."""

    def list_versions(self) -> dict[str, str]:
        """Each version's name with a mark that changes when the version does.

        Raises RemoteError.
        """
        ...

    def download(self, version: str, mark: str, place: Path) -> bool:
        """Download a version into the new folder ``place``. False if it changed meanwhile.

        Raises RemoteError.
        """
        ...


def sync_once(
    source: MirrorSource, folder: Path, *, every: float, clock: Callable[[], float] = time.time
) -> MirrorState:
    """Bring the folder in line with the source once and return the new state.

    A problem with the source is in that state, a problem with one version is its reason. Raises
    OSError when the folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        before = replace(read_state(folder), looked=_now_ms(clock), every=every)
        write_state(folder, before)
        for leftover in folder.glob(DRAFT_PREFIX + "*"):
            shutil.rmtree(leftover, ignore_errors=True)
        try:
            listing = _list_usable(source, before)
        except RemoteError as error:
            state = before.after_failure(_now_ms(clock), str(error))
        else:
            state = _follow_source(source, folder, listing, before, clock)
        write_state(folder, state)
    return state


def set_note(folder: Path, text: str | None) -> None:
    """Put a note into the state, or remove it with None. Raises OSError."""
    with locked(folder):
        state = read_state(folder)
        if state.note != text:
            write_state(folder, replace(state, note=text))


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the mirror's lock, waiting for other writers first."""
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _list_usable(source: MirrorSource, before: MirrorState) -> dict[str, str]:
    """Marks of the versions with usable names. Raises RemoteError, also if all have vanished."""
    listing = source.list_versions()
    usable = {name: mark for name, mark in listing.items() if VERSION_NAME.fullmatch(name)}
    if before.marks and not usable:  # more likely an accident than intended
        raise RemoteError("it holds no versions any more")
    return usable


def _follow_source(
    source: MirrorSource,
    folder: Path,
    listing: dict[str, str],
    before: MirrorState,
    clock: Callable[[], float],
) -> MirrorState:
    marks = {name: before.marks[name] for name in listing.keys() & before.marks.keys()}
    for path in folder.iterdir():
        if VERSION_NAME.fullmatch(path.name) and path.name not in listing:
            _remove(path)
    for name in sorted(listing, key=_newest_first):
        if marks.get(name) == listing[name] and (folder / name).is_dir():
            continue
        if _fetch_version(source, folder, name, listing[name]):
            marks[name] = listing[name]
            write_state(folder, replace(before, marks=marks))  # kept even if this process is killed
    return before.after_success(_now_ms(clock), marks)


def _newest_first(name: str) -> tuple[int, str]:
    number = re.search(r"_v([0-9]{1,9})$", name, re.ASCII)
    return -int(number[1]) if number else 0, name


def _fetch_version(source: MirrorSource, folder: Path, name: str, mark: str) -> bool:
    """Download a version and put it in its place. True if it is there now.

    If it can't be downloaded, its place gets a refusal with the reason, unless an older state of
    the version is there.
    """
    with tempfile.TemporaryDirectory(prefix=DRAFT_PREFIX, dir=folder) as scratch:
        new = Path(scratch) / name
        try:
            is_complete = source.download(name, mark, new)
        except RemoteError as error:
            if not _has_files(folder / name):
                _put_refusal(folder / name, Path(scratch), str(error))
            return False
        if is_complete:
            _replace(new, folder / name, Path(scratch))
        return is_complete


def _has_files(place: Path) -> bool:
    """True if a version was fetched to this place, rather than a refusal."""
    return place.exists() and list(place.iterdir()) != [place / OWN_FOLDER]


def _put_refusal(place: Path, scratch: Path, reason: str) -> None:
    """Write a refusal in a version's place, to be listed with its reason."""
    with contextlib.suppress(PreparedError):
        if read_facts(place / OWN_FOLDER).reason == reason:
            return  # writing it again would have it checked again
    new = scratch / "refusal"
    new.mkdir()
    write_prepared(new / OWN_FOLDER, Facts(model_digest(new), reason=reason, transient=True))
    _replace(new, place, scratch)


def _replace(new: Path, place: Path, scratch: Path) -> None:
    if place.exists():
        place.rename(scratch / "old")
    new.rename(place)


def _remove(place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=DRAFT_PREFIX, dir=place.parent) as scratch:
        place.rename(Path(scratch) / "gone")


def _now_ms(clock: Callable[[], float]) -> int:
    return int(clock() * 1000)
