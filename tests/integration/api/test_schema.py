"""The description of the API against the API: what it says is what it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN
from tests.support.serving import served
from webapp.settings import ROOT

# What depends on two parameters together (a window that ends before it begins) no schema can say.
CONFIG = """
[[operations]]
include-path = "/api/v1/drift"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path = "/api/v1/compare"
checks.positive_data_acceptance.enabled = false

# A bad event is refused by itself, in an answer of 200 that says so; features are any version's.
[[operations]]
include-path = "/api/v1/events"
checks.negative_data_rejection.enabled = false

# To delete a job is to cancel it; it stays in the history.
[[operations]]
include-path-regex = "^/api/v1/jobs"
checks.use_after_free.enabled = false
"""


@pytest.mark.long
def test_what_is_described_is_what_happens(tmp_path: Path) -> None:
    """Schemathesis sends hundreds of good and bad requests: examples, limits, chance, sequences.

    It looks for answers that are 5xx, of an undocumented status, type or shape, for bad data that
    is taken and good data that is refused, and for methods and tokens that are not asked after.
    """
    tokens = {"API_TOKEN": API_TOKEN, "ADMIN_TOKEN": ADMIN_TOKEN}
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with served(ROOT / "models", tmp_path / "var", **tokens) as (url, _):
        process = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                "run",
                f"{url}/api/openapi.json",
                "--header",
                f"Authorization: Bearer {ADMIN_TOKEN}",
                "--max-examples=15",
                "--generation-deterministic",
                "--no-color",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert process.returncode == 0, process.stdout[-8000:] + process.stderr
    assert "Operations:       19 selected" in process.stdout, process.stdout
