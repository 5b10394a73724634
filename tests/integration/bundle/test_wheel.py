"""The wheel as pip installs it, in a Python that has nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import function_runtimes as edge
from tests.support import root_contract as contract
from webapp.catalog import export

NO_INDEX = ("--no-index", "--no-deps", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pip put it into."""
    place = tmp_path_factory.mktemp("wheel")
    wheel = place / export.wheel_name(edge.NAME)
    wheel.write_bytes(export.make_zip(export.make_bundle(edge.NAME, edge.shipped(), "wheel")))
    pip = [sys.executable, "-m", "pip", "install", *NO_INDEX]
    subprocess.run([*pip, "--target", str(place / "lib"), str(wheel)], check=True, timeout=120)
    return place / "lib"


def run(packages: Path, code: str) -> str:
    head = f"import sys; sys.path.insert(0, {str(packages)!r})\n"
    command = [sys.executable, "-I", "-S", "-c", head + code]
    return subprocess.check_output(command, text=True, timeout=60)


def test_it_predicts_to_the_last_digit(packages: Path) -> None:
    code = """
import everycase_logit_games_v1 as model
rows = [{name: case >> i & 1 for i, name in enumerate(model.FEATURES)} for case in range(1024)]
print(model.VERSION, model.BASE_RATE, model.DIGEST)
print(repr(model.predict(**rows[768])))
print(*map(repr, model.predict_proba(rows)))
"""
    about, one, every = run(packages, code).splitlines()
    name, rate, digest = about.split()
    assert (name, digest) == (edge.NAME, edge.shipped().facts.digest)
    assert 0 < float(rate) < 1
    assert one == repr(contract.shipped_scores()[768])
    assert list(map(float, every.split())) == contract.shipped_scores()


def test_it_says_what_is_wrong(packages: Path) -> None:
    code = """
import everycase_logit_games_v1 as model
for call in (lambda: model.predict(G1=2), lambda: model.predict_proba([{"G1": 1}])):
    try:
        call()
    except model.InputError as error:
        print(error)
"""
    assert run(packages, code).splitlines() == [
        "G1 is 2: send 0 or 1",
        "rows[0].G2 is missing: send 0 or 1",
    ]


def test_pip_finds_every_file_as_it_was_recorded(packages: Path) -> None:
    names = {path.name for path in packages.iterdir()}
    assert {"everycase_logit_games_v1", "everycase_logit_games_v1-1.dist-info"} <= names
    code = """
from importlib.metadata import distribution
from base64 import urlsafe_b64encode
from hashlib import sha256
found = distribution("everycase-logit-games-v1")
for file in found.files:
    if file.hash is not None:
        digest = urlsafe_b64encode(sha256(file.read_binary()).digest()).rstrip(b"=").decode()
        assert digest == file.hash.value, file
print(len(found.files), found.version, found.metadata["Summary"])
"""
    number, version, summary = run(packages, code).strip().split(" ", 2)
    assert int(number) >= 9
    assert version == export.RELEASE
    assert summary.startswith("P(label = 1) by logit_games_v1")
