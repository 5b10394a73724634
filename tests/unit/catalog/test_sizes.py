"""Folders that would take long to read are refused by their sizes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.support.model_folders import make_model
from webapp.catalog.digest import MOST_ENTRIES, TooLargeError, model_digest
from webapp.catalog.scan import Scanner


def fill(folder: Path, how: str) -> None:
    if how == "sparse":
        (folder / "zeros").touch()
        os.truncate(folder / "zeros", 1 << 40)
    elif how == "many":
        for number in range(MOST_ENTRIES + 1):
            (folder / f"{number}").touch()
    elif how == "deep":
        (folder / "/".join(["d"] * 60)).mkdir(parents=True)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("sparse", "Its files are larger than 1,024 MB together, which no"),
        ("many", "Its files are more than 10,000, which no model"),
        ("deep", "Its files are in more than 50 folders inside one another"),
    ],
)
def test_a_folder_that_would_take_long(tmp_path: Path, how: str, reason: str) -> None:
    models = tmp_path / "models"
    for name in ("good_v1", "huge_v1"):
        make_model(models, name)
    fill(models / "huge_v1", how)
    scanner = Scanner(models, tmp_path / "records", settle=0)
    start = time.process_time()
    good, huge = scanner.scan()
    assert time.process_time() - start < 2
    assert huge.status == "unavailable"
    assert str(huge.reason).startswith(reason)
    assert good.status != "unavailable"
    with pytest.raises(TooLargeError):
        model_digest(models / "huge_v1")
