"""Every page that the app lists can be opened, is in the navigation and has a title."""

from __future__ import annotations

from pathlib import Path

import dash
import pytest
from flask.testing import FlaskClient

from tests.support.app_access import make_app, nobody
from webapp.pages import NAMES


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return nobody(make_app(tmp_path))


def test_every_page_is_in_the_navigation_in_the_order_of_the_list(client: FlaskClient) -> None:
    pages = [page for page in dash.page_registry.values() if page["order"] is not None]
    pages.sort(key=lambda page: page["order"])
    modules = [f"webapp.pages.{name}.page" for name in NAMES]
    assert [page["module"] for page in pages] == modules
    layout = client.get("/_dash-layout").get_json()
    assert all(f"'children': '{page['name']}'" in str(layout) for page in pages)


def test_every_page_opens_and_has_a_title(client: FlaskClient) -> None:
    for page in dash.page_registry.values():
        response = client.get(page["path"], headers={"Accept": "text/html"})
        assert response.status_code == (404 if page["path"] == "/404" else 200), page["path"]
        assert "Everycase</title>" in response.text, page["path"]
