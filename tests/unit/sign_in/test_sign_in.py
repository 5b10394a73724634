"""Signing in and out in a browser, without one: cookies, links, pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.app_access import (
    ADMIN_TOKEN,
    API_TOKEN,
    SAME_ORIGIN,
    make_app,
    nobody,
    session,
    sign_in,
)
from webapp.api import auth
from webapp.cli.main import main
from webapp.server.session_files import FOLDER, SessionFiles

HTTPS = {"base_url": "https://play.example"}
PLAIN = {"base_url": "http://play.example"}


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return nobody(make_app(tmp_path, admin_token=ADMIN_TOKEN))


def post(client: FlaskClient, token: str, **more: str) -> TestResponse:
    return client.post("/sign-in", data={"token": token}, headers=SAME_ORIGIN, **more)


def header(client: FlaskClient) -> str:
    """What the app's header offers, before any script and after."""
    page = client.get("/", headers={"Accept": "text/html"}).get_data(as_text=True)
    layout = client.get("/_dash-layout").get_data(as_text=True)
    words = {word for word in ("Sign in", "Sign out") if word in page}
    assert words == {word for word in ("Sign in", "Sign out") if word in layout}
    return " ".join(words)


def test_in_and_out(client: FlaskClient) -> None:
    assert header(client) == "Sign in"
    page = client.get("/sign-in")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert '<form class="ec-form" method="post" action="/sign-in">' in page.text
    response = post(client, ADMIN_TOKEN)
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert header(client) == "Sign out"
    assert client.get("/sign-in").headers["Location"] == "/"
    response = client.post("/sign-out", headers=SAME_ORIGIN)
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert client.get_cookie(auth.COOKIE) is None
    assert header(client) == "Sign in"


@pytest.mark.parametrize("token", ["", "wrong", ADMIN_TOKEN + " ", ADMIN_TOKEN[:-1], "é" * 20])
def test_a_wrong_token(client: FlaskClient, token: str) -> None:
    response = post(client, token)
    assert response.status_code == 401
    assert '<p class="ec-form-problem" id="problem" role="alert">Wrong admin token' in response.text
    assert "Set-Cookie" not in response.headers
    if token.strip():
        assert token not in response.text


def test_ten_attempts_a_minute(client: FlaskClient) -> None:
    assert {post(client, "wrong").status_code for _ in range(10)} == {401}
    response = post(client, ADMIN_TOKEN)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert "Too many requests: wait" in response.text


def test_another_site_cannot_sign_a_browser_in_or_out(client: FlaskClient) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        response = client.post("/sign-in", data={"token": ADMIN_TOKEN}, headers=headers)
        assert response.status_code == 403
        assert "Set-Cookie" not in response.headers
    sign_in(client)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        assert client.post("/sign-out", headers=headers).status_code == 403
    assert client.get("/sign-out").status_code != 303
    assert header(client) == "Sign out"


@pytest.mark.parametrize(
    ("base_url", "secure"),
    [
        ("https://play.example", True),
        ("http://localhost:8050", False),
        ("http://127.0.0.1:8050", False),
        ("http://[::1]:8050", False),
    ],
)
def test_the_cookie(client: FlaskClient, base_url: str, secure: bool) -> None:
    news, cookie = post(client, ADMIN_TOKEN, base_url=base_url).headers.getlist("Set-Cookie")
    assert news.startswith("everycase-news=Signed%20in; Expires=")
    assert ("Secure" in news) is secure
    parts = cookie.split("; ")
    assert parts[0].startswith(f"{auth.COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(parts)
    assert ("Secure" in parts) is secure
    assert any(part.startswith("Expires=") for part in parts)
    assert not any(part.startswith("Domain=") for part in parts)


def test_no_token_travels_in_the_clear(client: FlaskClient) -> None:
    for response in (client.get("/sign-in", **PLAIN), post(client, ADMIN_TOKEN, **PLAIN)):
        assert response.status_code == 403
        assert "needs HTTPS" in response.text
        assert "<form" not in response.text
        assert "Set-Cookie" not in response.headers


def test_signing_in_needs_an_admin_token(tmp_path: Path) -> None:
    client = nobody(make_app(tmp_path))
    assert header(client) == ""
    for response in (client.get("/sign-in"), post(client, ""), post(client, "x" * 20)):
        assert response.status_code == 403
        assert "set ADMIN_TOKEN" in response.text
        assert "<form" not in response.text
    link = SessionFiles(tmp_path).make_link()
    assert client.get(f"/sign-in?once={link}").headers["Location"] == "/sign-in?link=used"


@pytest.mark.parametrize("admin_token", ["", ADMIN_TOKEN])
def test_a_one_time_link(tmp_path: Path, admin_token: str) -> None:
    app = make_app(tmp_path, host="127.0.0.1", admin_token=admin_token)
    link = f"/sign-in?once={SessionFiles(tmp_path).make_link()}"
    first, second = nobody(app), nobody(app)
    assert second.head(link).headers["Location"] == "/sign-in?link=used"  # looking doesn't use it
    response = first.get(link)
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert response.headers["Cache-Control"] == "no-store"
    assert header(first) == "Sign out"
    response = second.get(link)
    assert (response.status_code, response.headers["Location"]) == (303, "/sign-in?link=used")
    assert "has been used" in second.get("/sign-in?link=used").text
    assert header(second) == ("Sign in" if admin_token else "")


def test_the_words_of_a_link_mode_page(tmp_path: Path) -> None:
    page = nobody(make_app(tmp_path, host="127.0.0.1")).get("/sign-in")
    assert page.status_code == 403
    assert "Open the link that the server printed" in page.text


def test_signing_out_works_on_a_full_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(tmp_path, admin_token=ADMIN_TOKEN)
    client = session(app)
    (tmp_path / FOLDER).write_text("a file in the way")
    response = client.post("/sign-out")
    assert response.status_code == 503
    assert "could not be ended on the server" in response.text
    assert client.get_cookie(auth.COOKIE) is None
    assert "couldn't be marked as ended" in caplog.text


@pytest.mark.parametrize("token", ["", API_TOKEN])
def test_the_page_knows_whether_programs_need_a_token(tmp_path: Path, token: str) -> None:
    page = nobody(make_app(tmp_path, api_token=token)).get("/", headers={"Accept": "text/html"})
    assert (" data-needs-token" in page.text) == bool(token)


def test_a_new_link_needs_a_server_that_takes_it(tmp_path: Path) -> None:
    command = ["link", "--url", "http://127.0.0.1:9"]
    result = CliRunner().invoke(main, command, env={"VAR_DIR": str(tmp_path)})
    assert (result.exit_code, "no server answers at" in result.output) == (1, True)
    result = CliRunner().invoke(main, ["link", "--url", "play"], env={"VAR_DIR": str(tmp_path)})
    assert "it must begin with http:// or https://" in result.output


def test_who_has_no_session_pays_for_none(client: FlaskClient) -> None:
    response = client.get("/", query_string={"G1": 1})
    assert "Cookie" not in response.headers["Vary"]
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("address", ["/compare?versions=a_v1,b_v1&days=60", "/drift", "/?G1=1"])
def test_signing_in_leads_to_the_page_that_was_asked_for(tmp_path: Path, address: str) -> None:
    client = nobody(make_app(tmp_path, api_token=API_TOKEN, pages="token"))
    way = client.get(address, headers={"Accept": "text/html"})
    assert way.status_code == 303
    form = client.get(way.headers["Location"])
    (action,) = re.findall(r'method="post" action="([^"]*)"', form.text)
    for token, status in (("wrong", 401), (API_TOKEN, 303)):
        response = client.post(action, data={"token": token}, headers=SAME_ORIGIN)
        assert response.status_code == status
    assert response.headers["Location"] == address
    assert client.get(way.headers["Location"]).headers["Location"] == address


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n//evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/%0d%0aSet-Cookie:a=b\r\nX: 1",
    ],
)
def test_signing_in_leads_to_no_other_site(client: FlaskClient, address: str) -> None:
    query = {"next": address}
    response = client.post(
        "/sign-in", query_string=query, data={"token": ADMIN_TOKEN}, headers=SAME_ORIGIN
    )
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert client.get("/sign-in", query_string=query).headers["Location"] == "/"
