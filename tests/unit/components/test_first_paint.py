"""What is there before any script: links that work, and a word that the rest is on its way."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import ADMIN_TOKEN, make_app, nobody


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    place: Path = tmp_path_factory.mktemp("var")
    return nobody(make_app(place, admin_token=ADMIN_TOKEN))


@pytest.mark.parametrize("path", ["/", "/compare", "/drift", "/models"])
def test_the_menu_and_signing_in_are_links_while_it_loads(client: FlaskClient, path: str) -> None:
    text = client.get(path, headers={"Accept": "text/html"}).text
    before, _, _ = text.partition('id="react-entry-point"')
    assert f'<a class="ec-nav-link" href="{path}" aria-current=page>' in before
    assert before.count('<a class="ec-nav-link"') == 4
    assert '<a class="ec-account" href="/sign-in">' in before
    assert "Loading…" in before


def test_a_switch_leads_to_the_case_with_it_flipped(client: FlaskClient) -> None:
    text = client.get("/?G1=1", headers={"Accept": "text/html"}).text
    assert 'href="/?version=' in text  # G1 off again
    assert 'href="/?G1=1&amp;G2=1&amp;version=' in text


def test_an_address_without_a_page_promises_nothing(client: FlaskClient) -> None:
    assert "Loading…" not in client.get("/nothing", headers={"Accept": "text/html"}).text
