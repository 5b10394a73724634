"""Versions in a bucket, ``s3://…`` or ``gs://…``, through MLflow's clients.

A bucket knows neither renames nor locks. A version is there when its ``MLmodel`` is, which is
written last. A number is taken by a claim, a file of one's own beside those of others. Who finds
another's claim takes the next number. A listing shows all that was written before it, so of two
that claim the same number the later sees the earlier, and never do both find themselves alone.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from webapp.catalog.digest import OWN_FOLDER, file_digest, model_digest
from webapp.catalog.prepared import PreparedError, read_prepared
from webapp.catalog.stores.folder import (
    SavingError,
    always,
    check_name,
    draft_elsewhere,
    next_version,
    write_why,
)
from webapp.catalog.stores.mlflow_clients import RemoteError, repository, set_up, translated
from webapp.catalog.versions import VERSION_NAME

MLMODEL = "MLmodel"
REST_SECONDS = 2.0  # a version from elsewhere must not change for so long
_CLAIMS = ".claims"
_TRIES = 20


class ObjectStore:
    """One version a folder under the address, like in a folder of models."""

    def __init__(self, uri: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._uri = uri
        self._sleep = sleep

    @property
    def shown(self) -> str:
        """The address."""
        return self._uri

    def place(self, version: str) -> str:
        """The address of one version."""
        return f"{self._uri}/{version}"

    def check_name(self, name: str) -> str:
        """As in a folder. Raises SavingError."""
        return check_name(name)

    def name_for(self, wanted: str) -> str:
        """Any."""
        return wanted

    def draft(self) -> AbstractContextManager[Path]:
        """A folder on this machine."""
        return draft_elsewhere()

    def add(
        self,
        folder: Path,
        name: str,
        why: Mapping[str, Any] | None = None,
        still: Callable[[], None] = always,
    ) -> str:
        """Upload it, what makes it a version last. Raises SavingError."""
        write_why(folder, why)
        set_up()
        try:
            with translated(f"{self._uri} can't be written"):
                repo = repository(self._uri)
                version = self._claim(repo, name)
                paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
                for path in sorted(paths, key=lambda path: path == folder / MLMODEL):
                    if path == folder / MLMODEL:
                        still()
                    within = path.parent.relative_to(folder).as_posix()
                    repo.log_artifact(str(path), _join(version, within))
        except RemoteError as error:
            raise SavingError(str(error)) from error
        return version

    def _claim(self, repo: Any, name: str) -> str:
        """A version's name that is ours alone."""
        with tempfile.TemporaryDirectory() as scratch:
            ours = Path(scratch) / uuid.uuid4().hex
            ours.write_text("Whoever is alone here when it looks has this number.\n", "utf-8")
            for _ in range(_TRIES):
                taken = {*_folders(repo, ""), *_folders(repo, _CLAIMS)}
                version = next_version(name, taken)
                repo.log_artifact(str(ours), f"{_CLAIMS}/{version}")
                if len(repo.list_artifacts(f"{_CLAIMS}/{version}")) == 1:
                    return version
                self._sleep(random.uniform(0.05, 0.5))  # two that met don't meet again
        raise RemoteError(f"{self._uri}: no number is free, others take each before we do")

    def listing(self) -> dict[str, str]:
        """The name of each version, and a mark that changes when it does. Raises RemoteError."""
        set_up()
        with translated("it can't be listed"):
            repo = repository(self._uri)
            names = [name for name in _folders(repo, "") if VERSION_NAME.fullmatch(name)]
            marks = {name: _mark(repo, name) for name in names}
        return {name: mark for name, mark in marks.items() if mark is not None}

    def download(self, version: str, mark: str, place: Path) -> bool:
        """Bring a version to the new folder ``place``; False when it is changing meanwhile.

        One that carries prepared files of its own is whole when they fit it. Others must be at
        rest. Raises RemoteError.
        """
        with translated("its files can't be downloaded"):
            repo = repository(self.place(version))
            place.mkdir()
            repo.download_artifacts("", str(place))
            if not _is_whole(place):
                self._sleep(REST_SECONDS)
            return _mark(repository(self._uri), version) == mark


def _folders(repo: Any, path: str) -> list[str]:
    """The names of the folders under a path."""
    return [Path(info.path).name for info in repo.list_artifacts(path or None) if info.is_dir]


def _files(repo: Any, path: str) -> Iterator[tuple[str, int]]:
    """Names and sizes. What a crafted key would lead to outside of the folder is not followed."""
    for info in repo.list_artifacts(path):
        if not info.path.startswith(f"{path}/"):
            continue
        if info.is_dir:
            yield from _files(repo, info.path)
        else:
            yield info.path, info.file_size


def _mark(repo: Any, version: str) -> str | None:
    """A digest of names, sizes and ``MLmodel``, which is another whenever a model is saved.

    None when there is no ``MLmodel``: it is no version, or not yet.
    """
    files = sorted(_files(repo, version))
    if f"{version}/{MLMODEL}" not in (name for name, _ in files):
        return None
    digest = ""  # when it can't be read: then neither can the version, which is told of it alone
    with (
        tempfile.TemporaryDirectory() as scratch,
        suppress(RemoteError),
        translated(f"{version}/{MLMODEL} can't be read"),
    ):
        digest = file_digest(Path(repo.download_artifacts(f"{version}/{MLMODEL}", scratch)))
    return hashlib.sha256(repr((files, digest)).encode()).hexdigest()


def _is_whole(folder: Path) -> bool:
    try:
        return read_prepared(folder / OWN_FOLDER).facts.digest == model_digest(folder)
    except PreparedError:
        return False


def _join(version: str, within: str) -> str:
    return version if within == "." else f"{version}/{within}"
