"""No cache between a browser and the app keeps a page: who signed in sees more than others."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import make_app, nobody


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return nobody(make_app(tmp_path_factory.mktemp("var")))


@pytest.mark.parametrize("path", ["/", "/compare", "/drift", "/models", "/sign-in", "/nowhere"])
def test_pages_are_private_and_asked_for_anew(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.mimetype == "text/html"
    policy = response.headers["Cache-Control"]
    assert "no-store" in policy or {"private", "no-cache"} <= set(policy.split(", "))


def test_pages_behind_a_token_as_well(tmp_path: Path) -> None:
    app = make_app(tmp_path, api_token="t" * 16, pages="token")
    response = nobody(app).get("/models", headers={"Accept": "text/html"})
    assert response.status_code in (302, 303, 401)
