"""Drafts in the folder of versions: what a killed process left is removed, and by one only."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.catalog.stores import folder as stores_folder
from webapp.catalog.stores.folder import DRAFT_PREFIX, FolderStore


def test_drafts_without_an_owner_are_removed(tmp_path: Path) -> None:
    (tmp_path / f"{DRAFT_PREFIX}left").mkdir()
    store = FolderStore(tmp_path)
    with store.draft() as first, store.draft() as second:
        assert {path.name for path in tmp_path.iterdir()} == {first.name, second.name}
    assert list(tmp_path.iterdir()) == []


def test_one_that_goes_while_it_is_looked_at_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = tmp_path / f"{DRAFT_PREFIX}ending"
    ending.mkdir()
    lock = stores_folder._lock

    @contextlib.contextmanager
    def late(folder: Path, extra: int = 0) -> Iterator[None]:
        if folder == ending:
            shutil.rmtree(ending)
        with lock(folder, extra):
            yield

    monkeypatch.setattr(stores_folder, "_lock", late)
    with FolderStore(tmp_path).draft() as draft:
        assert draft.is_dir()
