"""What tests of the Models page and of what it finds out share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.traffic import with_versions
from webapp.services.context import Services


@pytest.fixture
def services() -> Iterator[Services]:
    """An empty log and versions that can answer."""
    services = with_versions()
    yield services
    services.close()
