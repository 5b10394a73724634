"""Versions in a bucket, ``s3://…`` or ``gs://…``, through MLflow's clients.

A bucket has neither renames nor locks. A version exists once its ``MLmodel`` does, which is written
last. A writer takes a number by writing a claim, a file with a name of its own, and listing the
claims on that number: if there is another one, it takes the next number. A listing shows everything
written before it, so of two writers that claim the same number the later one sees the earlier
claim, and never do both take the number.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from webapp.catalog.digest import OWN_FOLDER, file_digest, model_digest
from webapp.catalog.prepared import PreparedError, read_prepared
from webapp.catalog.stores.artifact_sizes import list_files, refuse_oversize
from webapp.catalog.stores.mlflow_clients import RemoteError, repository, set_up, translate_errors
from webapp.catalog.stores.store import RemoteStore, next_version, no_lock_needed, taken_error
from webapp.catalog.versions import VERSION_NAME

MLMODEL = "MLmodel"
REST_SECONDS = 2.0  # a version saved by another tool must not change for so long
_CLAIMS = ".claims"
_MOST_OF_MLMODEL = 1 << 20  # bytes that are read to notice a change
_TRIES = 20


class BucketStore(RemoteStore):
    """Versions as folders under the bucket's address, as in a folder of models."""

    def __init__(self, uri: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._uri = uri
        self._sleep = sleep

    @property
    def display_name(self) -> str:
        """The bucket's address."""
        return self._uri

    def location(self, version: str) -> str:
        """The version's address."""
        return f"{self._uri}/{version}"

    def _publish(
        self, folder: Path, name: str, why: Mapping[str, Any], check_lock: Callable[[], None]
    ) -> str:
        """Upload the folder, ``MLmodel`` last: with it the version appears."""
        del why  # written into the folder already
        set_up()
        repo = repository(self._uri)
        version = self._claim(repo, name)
        _upload(repo, folder, version, check_lock)
        return version

    def _publish_as(self, folder: Path, version: str) -> None:
        """Claim that number and upload the folder."""
        set_up()
        repo = repository(self._uri)
        if version in {*_folder_names(repo, ""), *_folder_names(repo, _CLAIMS)}:
            raise taken_error(version, self._uri)
        if not _claim_number(repo, version):
            raise taken_error(version, self._uri)
        _upload(repo, folder, version, no_lock_needed)

    def _claim(self, repo: Any, name: str) -> str:
        """Claim the next number of ``name`` for this writer and return the version's name."""
        for _ in range(_TRIES):
            names = {*_folder_names(repo, ""), *_folder_names(repo, _CLAIMS)}
            version = next_version(name, names)
            if _claim_number(repo, version):
                return version
            self._sleep(random.uniform(0.05, 0.5))  # two that met don't meet again
        raise RemoteError(f"{self._uri}: other writers took every version number that was tried")

    def list_versions(self) -> dict[str, str]:
        """Each version's name with a mark that changes when the version does.

        Raises RemoteError.
        """
        set_up()
        with translate_errors("its versions can't be listed"):
            repo = repository(self._uri)
            names = [name for name in _folder_names(repo, "") if VERSION_NAME.fullmatch(name)]
            marks = {name: _version_mark(repo, name) for name in names}
        return {name: mark for name, mark in marks.items() if mark is not None}

    def download(self, version: str, mark: str, place: Path) -> bool:
        """Download a version into the new folder ``place``. False if it changed meanwhile.

        A version whose own prepared files fit it is complete; any other must not change for
        REST_SECONDS. Raises RemoteError.
        """
        with translate_errors("Its files can't be downloaded"):
            repo = repository(self.location(version))
            refuse_oversize(repo)
            place.mkdir()
            repo.download_artifacts("", str(place))
            if not _is_whole(place):
                self._sleep(REST_SECONDS)
            return _version_mark(repository(self._uri), version) == mark


def _claim_number(repo: Any, version: str) -> bool:
    """Write a claim of a version's name. False if another writer claimed it, too."""
    with tempfile.TemporaryDirectory() as scratch:
        ours = Path(scratch) / uuid.uuid4().hex
        ours.write_text(
            "The number belongs to the writer that finds its own claim alone here.\n", "utf-8"
        )
        repo.log_artifact(str(ours), f"{_CLAIMS}/{version}")
    return len(repo.list_artifacts(f"{_CLAIMS}/{version}")) == 1


def _upload(repo: Any, folder: Path, version: str, check_lock: Callable[[], None]) -> None:
    """Upload the folder, ``MLmodel`` last: with it the version appears."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in sorted(paths, key=lambda path: path == folder / MLMODEL):
        if path == folder / MLMODEL:
            check_lock()
        within = path.parent.relative_to(folder).as_posix()
        repo.log_artifact(str(path), _join_path(version, within))


def _folder_names(repo: Any, path: str) -> list[str]:
    """The names of the folders under a path."""
    return [Path(info.path).name for info in repo.list_artifacts(path or None) if info.is_dir]


def _version_mark(repo: Any, version: str) -> str | None:
    """A digest of names, sizes and the content of ``MLmodel``, which changes with every save.

    None without an ``MLmodel``: not a version, or not one yet.
    """
    files = sorted(list_files(repo, version))
    sizes = dict(files)
    if f"{version}/{MLMODEL}" not in sizes:
        return None
    digest = ""  # stays so if MLmodel can't be read: then the download fails and says why
    if sizes[f"{version}/{MLMODEL}"] > _MOST_OF_MLMODEL:
        return hashlib.sha256(repr(files).encode()).hexdigest()
    with (
        tempfile.TemporaryDirectory() as scratch,
        suppress(RemoteError),
        translate_errors(f"{version}/{MLMODEL} can't be read"),
    ):
        digest = file_digest(Path(repo.download_artifacts(f"{version}/{MLMODEL}", scratch)))
    return hashlib.sha256(repr((files, digest)).encode()).hexdigest()


def _is_whole(folder: Path) -> bool:
    try:
        return read_prepared(folder / OWN_FOLDER).facts.digest == model_digest(folder)
    except PreparedError:
        return False


def _join_path(version: str, within: str) -> str:
    return version if within == "." else f"{version}/{within}"
