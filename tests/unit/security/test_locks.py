"""What is installed is what was locked, file by file: no index can give another for the version."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.locks import read_pins
from webapp.settings import ROOT

LOCKS = ("requirements.txt", "requirements-server.txt", "requirements-dev.txt")


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_the_digests_of_its_files(name: str) -> None:
    pins = read_pins(ROOT / name)
    assert len(pins) > 100
    assert [pin for pin, digests in pins.items() if not digests] == []


def test_the_installer_is_pinned_as_well() -> None:
    """By the lines that scripts/install.sh takes from the lock."""
    script = (ROOT / "scripts/install.sh").read_text("utf-8")
    command = re.search(r"^sed -n .* requirements-dev\.txt", script, re.MULTILINE)
    assert command
    lines = subprocess.check_output(["sh", "-c", command[0]], cwd=ROOT, text=True).splitlines()
    assert lines[0].startswith("uv==")
    assert len(lines) > 5
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])
    assert [line.endswith("\\") for line in lines] == [True] * (len(lines) - 1) + [False]


def test_our_own_code_is_built_by_what_is_locked() -> None:
    """An editable install has no digest, so nothing may be downloaded for it."""
    for place in ("Makefile", "bin/post_compile", "deploy/docker/Dockerfile"):
        text = (ROOT / place).read_text("utf-8").replace("\\\n", " ")
        (line,) = re.findall(r"^.*pip .*--editable \..*$", text, re.MULTILINE)
        assert "--no-deps" in line, place
        assert "--no-build-isolation" in line, place
    assert any(pin.startswith("setuptools==") for pin in read_pins(ROOT / "requirements.txt"))
