"""Only the names that its owner lists are answered to, and no preview repeats another."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import make_app, nobody
from webapp.server.hosts import host_check
from webapp.settings import SettingError, Settings

NAMES = ("app.example.com", ".example.org", "[::1]")
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return nobody(make_app(tmp_path_factory.mktemp("var"), allowed_hosts=NAMES))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("app.example.com", 200),
        ("APP.example.com.:8050", 200),
        ("example.org", 200),
        ("deep.down.example.org:1", 200),
        ("[::1]:8050", 200),
        ("evil.com", 421),
        ("app.example.com.evil.com", 421),
        ("badexample.org", 421),
        ("app.example.com@evil.com", 421),
        ("app.example.com:8050:evil", 421),
        ("", 421),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/champion", "/models", "/drift"])
def test_other_hosts_get_nothing(client: FlaskClient, host: str, status: int, path: str) -> None:
    response = client.get(path, headers=HTML, environ_overrides={"HTTP_HOST": host})
    assert response.status_code == status
    if status == 421:
        assert response.get_json()["error"]["code"] == "unknown_host"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_balancers_ask_by_address(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.get(path, environ_overrides={"HTTP_HOST": "10.0.0.7:8050"}).status_code == 200


def test_a_preview_repeats_only_a_host_that_was_checked(
    client: FlaskClient, tmp_path: Path
) -> None:
    checked_page = client.get("/", headers=HTML | {"Host": "app.example.com"}).get_data(
        as_text=True
    )
    assert 'property="twitter:url" content="http://app.example.com/' in checked_page
    anybody = nobody(make_app(tmp_path))
    page = anybody.get("/", headers=HTML | {"Host": "evil.com"}).get_data(as_text=True)
    assert "evil.com" not in page
    assert 'property="og:title"' in page


def test_a_laptop_answers_to_its_own_names() -> None:
    """Addresses and names without a dot: no page of another site has such a name."""
    is_allowed = host_check(Settings(host="127.0.0.1"))
    assert is_allowed is not None
    hosts = ("localhost", "app.localhost", "laptop", "127.0.0.1", "[::1]", "evil.com", "a.b.")
    assert [is_allowed(host) for host in hosts] == [True] * 5 + [False] * 2
    assert host_check(Settings()) is None
    assert host_check(Settings(host="127.0.0.1", trusted_proxies=1)) is None


@pytest.mark.parametrize("text", ["http://a.b", "a.b:80", "*", "a..b", "a b"])
def test_what_is_no_name_stops_the_start(text: str) -> None:
    with pytest.raises(SettingError, match=r"ALLOWED_HOSTS is .*: it must be host names without"):
        Settings.read({"ALLOWED_HOSTS": text})
    read = Settings.read({"ALLOWED_HOSTS": "App.Example.com, .example.org"})
    assert read.allowed_hosts == ("app.example.com", ".example.org")
