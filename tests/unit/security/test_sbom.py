"""``make sbom`` lists what the app consists of, in a form that scanners read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.add_licenses import license_of, main
from tests.support.locks import read_pins
from webapp.settings import ROOT


def test_it_has_every_package_of_the_image(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    command = re.search(r"^\t\$\(BIN\)/(cyclonedx-py .*) -o build/sbom\.json", makefile, re.M)
    assert command
    place = tmp_path / "sbom.json"
    program = Path(sys.executable).with_name("cyclonedx-py")
    words = [str(program), *command[1].split()[1:], "--no-validate", "-o", str(place)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=120)
    assert "\t$(BIN)/python scripts/add_licenses.py build/sbom.json\n" in makefile
    assert main(place) == 0, "every package has a license"
    form = json.loads(place.read_text("utf-8"))
    assert (form["bomFormat"], form["metadata"]["component"]["name"]) == ("CycloneDX", "everycase")
    packages = {f"{part['name']}=={part['version']}" for part in form["components"]}
    assert packages == set(read_pins(ROOT / "requirements-server.txt"))
    assert all(part["purl"].startswith("pkg:pypi/") for part in form["components"])
    licenses = {part["name"]: part["licenses"] for part in form["components"]}
    assert licenses["dash"] == [{"license": {"id": "MIT"}}], "by a classifier or a field"
    assert licenses["psycopg"] == [{"expression": "LGPL-3.0-only"}], "by an expression"


def test_a_license_that_nobody_says_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert license_of("no-such-package") is None
    place = tmp_path / "sbom.json"
    place.write_text('{"components": [{"name": "no-such-package"}]}')
    assert main(place) == 1
    assert capsys.readouterr().err == "no license is known of: no-such-package\n"
