"""One model folder with odd or crafted files in it never takes the other versions down."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.model_folders import change_facts, make_model
from webapp.catalog.digest import OWN_FOLDER, file_digest
from webapp.catalog.reader import FolderCatalog
from webapp.catalog.versions import Version

pytestmark = pytest.mark.timeout(20)  # a read that never ends is one of the failures


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A model with its table, for a test to damage, next to one named ``good``."""
    make_model(tmp_path / "models", "good", is_carried=True)
    return make_model(tmp_path / "models", "odd", is_carried=True)


def look(odd: Path) -> Version | None:
    """What a web process makes of the spoilt one; the other must be served."""
    catalog = FolderCatalog(odd.parent, odd.parent.parent / "var")
    good = catalog.get("good")
    assert good is not None
    assert good.status == "ready"
    return catalog.get("odd")


def unavailable(odd: Path) -> str:
    version = look(odd)
    assert version is not None
    assert version.status == "unavailable"
    assert version.reason
    return version.reason


@pytest.mark.parametrize(
    "values",
    [
        {"environment": "text"},
        {"environment": ["a list"]},
        {"environment": {"python": 3.11}},
        {"environment": {"keras": []}},
        {"training": ["a list"]},
        {"training": None},
        {"features": [1, 2, 3]},
        {"features": [["a"], ["b"], ["c"]]},
        {"features": [{}, {}, {}]},
        {"features": None},
        {"features": []},
        {"features": ["a", "a", "b"]},
        {"features": [f"f{i}" for i in range(17)]},
        {"notes": [1, 2]},
        {"notes": 5},
        {"reason": {"a": 1}},
        {"digest": None},
        {"flavor": ["sklearn"]},
        {"table_sha256": 5},
        {"table_sha256": None},
        {"baseline_sha256": 5},
        {"rules": 5},
        {"format": 99},
        {"a field": "that nobody knows"},
    ],
    ids=str,
)
def test_facts_of_another_form(odd: Path, values: dict[str, Any]) -> None:
    change_facts(odd / OWN_FOLDER, **values)
    unavailable(odd)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"digest": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_facts_that_are_none(odd: Path, content: bytes) -> None:
    (odd / OWN_FOLDER / "facts.json").write_bytes(content)
    assert "facts.json can't be read" in unavailable(odd)


def headed(header: str) -> bytes:
    """A file of numpy's with a header of one's own."""
    line = header + " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(line).to_bytes(2, "little") + line.encode()


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archive() -> bytes:
    file = io.BytesIO()
    np.savez(file, scores=np.zeros(8))
    return file.getvalue()


SHAPED = "{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 and no more of a zip file",
        b"\x93NUMPY\x09\x00" + b"0" * 100,
        archive(),
        headed(SHAPED.format("<f8", 10**12)),
        headed(SHAPED.format("|O", 8)),
        headed(SHAPED.format("<f8", -1)),
        headed("{'descr': '<f8', 'shape': (8,"),
        headed("((((((("),
        headed("{'descr': '<f8' L, 'fortran_order': 1L, 'shape': (8L,), }"),
        saved(np.zeros((8, 1))),
        saved(np.zeros(16)),
        saved(np.zeros(8, "int64")),
        saved(np.zeros(8, "complex128")),
        saved(np.full(8, np.nan)),
        saved(np.full(8, 1.5)),
    ],
    ids=lambda content: repr(content[:30]),
)
def test_tables_with_the_right_digest_that_are_none(odd: Path, content: bytes) -> None:
    table = odd / OWN_FOLDER / "score_table.npy"
    table.write_bytes(content)
    change_facts(odd / OWN_FOLDER, table_sha256=file_digest(table))
    unavailable(odd)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"case,n,positives\n\x00,1,1\n",
        b"case,n,positives\n1,-1,-1\n",
        b"case,n,positives\n1,1,2\n",
        b"case,n,positives\n1," + b"9" * 30 + b",2\n",
        b'case,n,positives\n"' + b"x" * 200_000 + b"\n",
    ],
    ids=lambda content: repr(content[-12:]),
)
def test_baselines_with_the_right_digest_that_are_none(odd: Path, content: bytes) -> None:
    baseline = odd / OWN_FOLDER / "baseline.csv"
    baseline.write_bytes(content)
    change_facts(odd / OWN_FOLDER, baseline_sha256=file_digest(baseline))
    assert "baseline.csv can't be read" in unavailable(odd)


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("name", ["score_table.npy", "baseline.csv"])
@pytest.mark.parametrize("put", [pipe, device])
def test_a_file_that_never_ends(odd: Path, name: str, put: Callable[[Path], None]) -> None:
    put(odd / OWN_FOLDER / name)
    assert unavailable(odd) == f"{name} is missing"


@pytest.mark.parametrize("put", [pipe, device])
def test_what_is_no_file_is_no_part_of_a_model(odd: Path, put: Callable[[Path], None]) -> None:
    put(odd / "data" / "odd")
    version = look(odd)
    assert version is not None
    assert version.status == "ready"


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")
@pytest.mark.parametrize("where", ["data", OWN_FOLDER])
def test_a_file_name_that_is_not_utf8(odd: Path, where: str) -> None:
    Path(os.fsdecode(os.fsencode(odd / where) + b"/\xff\xfe.txt")).write_text("odd")
    version = look(odd)
    assert version is not None
    if where == "data":
        assert version.reason is not None
        assert "Its files changed after its score table was made" in version.reason
    json.dumps(version.reason).encode()  # as the index and the API do
