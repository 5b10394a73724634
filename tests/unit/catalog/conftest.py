"""What several tests of the catalog share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the record of a version is written."""
    return tmp_path / "records" / "key"
