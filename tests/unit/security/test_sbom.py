"""``make sbom`` lists what the app consists of, in a form that scanners read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

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
    form = json.loads(place.read_text("utf-8"))
    assert (form["bomFormat"], form["metadata"]["component"]["name"]) == ("CycloneDX", "everycase")
    packages = {f"{part['name']}=={part['version']}" for part in form["components"]}
    assert packages == set(read_pins(ROOT / "requirements-server.txt"))
    assert all(part["purl"].startswith("pkg:pypi/") for part in form["components"])
