"""SECURITY.md names a file of tests for each promise, and every such file here."""

from __future__ import annotations

import re
from pathlib import Path

from webapp.settings import ROOT

TABLE = (ROOT / "SECURITY.md").read_text("utf-8").partition("## What is promised")[2]


def test_each_promise_has_its_tests() -> None:
    rows = [line for line in TABLE.splitlines() if re.match(r"\| [^-p]", line)]
    assert len(rows) >= 30
    for row in rows:
        places = re.findall(r"`(tests/[\w/.]+)`", row)
        assert places, row
        assert all((ROOT / place).is_file() for place in places), row


def test_each_file_of_this_folder_is_a_promise() -> None:
    here = Path(__file__).parent
    names = {path.name for path in here.glob("test_*.py")} - {Path(__file__).name}
    assert {name for name in names if f"tests/unit/security/{name}" not in TABLE} == set()
