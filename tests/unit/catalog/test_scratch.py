"""What a model's process leaves behind is read and removed with care."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from webapp.catalog.prepared import MOST_BYTES, PreparedError
from webapp.catalog.scratch import check_draft, remove_folder, scratch_folder

DEPTH = 1500  # more than Python's recursion, and than a path may be long


def test_a_folder_of_any_depth_is_removed(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        descriptor = os.open(folder, os.O_RDONLY)
        for _ in range(DEPTH):
            os.mkdir("d", dir_fd=descriptor)
            inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
        os.close(descriptor)
        (folder / "locked").mkdir()
        (folder / "locked" / "file").touch()
        (folder / "locked").chmod(0)
    assert list(tmp_path.iterdir()) == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    (tmp_path / "scratch" / "inner").mkdir(parents=True)
    (tmp_path / "scratch" / "inner" / "link").symlink_to(tmp_path / "mine")
    (tmp_path / "scratch" / "link").symlink_to(tmp_path / "mine")
    remove_folder(tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()
    assert (tmp_path / "mine" / "file").exists()


@pytest.mark.parametrize("trick", ["none", "link", "pipe", "large", "linked folder"])
def test_only_plain_files_are_read(tmp_path: Path, trick: str) -> None:
    draft, place = tmp_path / "prepared", tmp_path / "prepared" / "facts.json"
    if trick == "linked folder":
        draft.symlink_to(tmp_path)
    elif trick != "none":
        draft.mkdir()
    if trick == "link":
        place.symlink_to("/etc/hostname")
    elif trick == "pipe":
        os.mkfifo(place)
    elif trick == "large":
        place.touch()
        os.truncate(place, MOST_BYTES["facts.json"] + 1)
    with pytest.raises(PreparedError):
        check_draft(draft)
