"""What several tests of the Models page share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.traffic import with_versions
from webapp.api.auth import Access
from webapp.server.session_files import SessionFiles
from webapp.services.context import Services


@pytest.fixture
def services() -> Iterator[Services]:
    """The shipped versions and an empty log."""
    shipped_services = with_versions()
    yield shipped_services
    shipped_services.close()


@pytest.fixture
def permissions(tmp_path: Path) -> Access:
    """Those of a visitor who is not signed in."""
    return Access("k" * 32, SessionFiles(tmp_path))
