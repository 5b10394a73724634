"""Whatever almost is HTTP gets no 5xx, no stack trace, and ends nothing; see ``http_fuzz``."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.support.http_fuzz import SEED, fuzz

FUZZ = int(os.environ.get("FUZZ", "0")) // 10  # by `make fuzz`, which are others each time
COUNT = FUZZ or 800


def test_what_almost_is_http_is_no_fault_of_the_server(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    statuses, problems = fuzz(tmp_path, COUNT, random.randrange(1 << 32) if FUZZ else SEED)
    assert problems == []
    assert statuses.total() == COUNT
    assert statuses["200"] > 0.05 * COUNT, "some are near enough"
    assert statuses["400"] > 0.3 * COUNT
    assert "Traceback" not in capfd.readouterr().err
