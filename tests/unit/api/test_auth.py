"""Roles: who may with which tokens set, and the words for those who may not."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import app_access as actors
from tests.support.app_access import ACTORS, ADMIN_TOKEN, API_TOKEN, make_app, sign_in
from webapp.api import auth
from webapp.app import EverycaseDash
from webapp.server.session_files import SESSION_SECONDS

ROLES: tuple[auth.Role, ...] = ("read", "outcomes", "admin")
BOTH = {"api_token": API_TOKEN, "admin_token": ADMIN_TOKEN}
ALL = frozenset(ACTORS)
ADMINS = frozenset({"admin token", "session"})
OF_API = ADMINS | {"API token"}


def with_routes(var: Path, **settings: object) -> EverycaseDash:
    app = make_app(var, **settings)
    for role in ROLES:
        add_route(app.server, role)
    return app


def add_route(server: Flask, role: auth.Role) -> None:
    def view() -> str:
        auth.require(role)
        return "done"

    server.add_url_rule(f"/{role}", role, view, methods=["GET", "PUT"])


@pytest.mark.parametrize(
    ("tokens", "who_may"),
    [
        ({}, {"read": ALL, "outcomes": frozenset(), "admin": frozenset()}),
        ({"api_token": API_TOKEN}, {"read": {"API token"}, "outcomes": {"API token"}}),
        ({"admin_token": ADMIN_TOKEN}, {"read": ALL, "outcomes": frozenset(), "admin": ADMINS}),
        (BOTH, {"read": OF_API, "outcomes": OF_API, "admin": ADMINS}),
        ({"host": "127.0.0.1"}, {"read": ALL, "outcomes": frozenset(), "admin": {"session"}}),
    ],
    ids=["no token", "API_TOKEN", "ADMIN_TOKEN", "both", "loopback"],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_who_may(
    tmp_path: Path, tokens: dict[str, str], who_may: dict[str, set[str]], method: str
) -> None:
    app = with_routes(tmp_path, **tokens)
    for role in ROLES:
        answers = {who: make(app).open(f"/{role}", method=method) for who, make in ACTORS.items()}
        who_may_do_it = {who for who, answer in answers.items() if answer.status_code == 200}
        assert who_may_do_it == set(who_may.get(role, ())), role
        assert {a.status_code for a in answers.values()} <= {200, 401, 403}


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return with_routes(tmp_path, **BOTH).server.test_client()


def test_without_a_token_the_answer_asks_for_it(client: FlaskClient) -> None:
    for role, name in (("read", "API"), ("outcomes", "API"), ("admin", "ADMIN")):
        response = client.get(f"/{role}")
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.get_json() == {
            "error": {
                "code": "unauthorized",
                "message": f"this needs {name}_TOKEN: send it as Authorization: Bearer TOKEN",
            }
        }


@pytest.mark.parametrize(("role", "name"), [("outcomes", "API_TOKEN"), ("admin", "ADMIN_TOKEN")])
def test_what_is_off_names_its_setting(tmp_path: Path, role: str, name: str) -> None:
    client = with_routes(tmp_path).server.test_client()
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {ADMIN_TOKEN}"}):
        response = client.get(f"/{role}", headers=headers)
        assert response.status_code == 403
        error = {"code": "disabled", "message": f"this is off: set {name}"}
        assert response.get_json() == {"error": error}


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {ADMIN_TOKEN}", 200),
        (f"bearer  {ADMIN_TOKEN} ", 200),
        (f"Bearer {ADMIN_TOKEN}x", 401),
        (f"Bearer {ADMIN_TOKEN[:-1]}", 401),
        (f"Basic {ADMIN_TOKEN}", 401),
        (ADMIN_TOKEN, 401),
        ("Bearer", 401),
        ("Bearer \xe9\xff", 401),
        ("", 401),
    ],
)
def test_headers(client: FlaskClient, header: str, status: int) -> None:
    assert client.get("/admin", headers={"Authorization": header}).status_code == status


def test_a_token_in_the_address_is_no_token(client: FlaskClient) -> None:
    assert client.get(f"/admin?token={ADMIN_TOKEN}&access_token={ADMIN_TOKEN}").status_code == 401


def test_a_wrong_token_is_not_saved_by_a_session(client: FlaskClient) -> None:
    sign_in(client)
    assert client.get("/admin").status_code == 200
    assert client.get("/admin", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost:8051"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({}, 403),
    ],
)
def test_changes_by_a_session_come_from_our_own_pages(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    sign_in(client)
    response = client.put("/admin", headers=headers)
    assert response.status_code == status
    if status == 403:
        assert response.get_json()["error"]["code"] == "cross_site"
    assert client.get("/admin", headers=headers).status_code == 200  # reading changes nothing
    with_token = headers | {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    assert client.put("/admin", headers=with_token).status_code == 200  # no browser sends that


def test_a_session_ends_after_twelve_hours(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    import itsdangerous.timed as timed

    cookie = sign_in(client)
    now = timed.time.time()
    for later, status in ((SESSION_SECONDS - 5, 200), (SESSION_SECONDS + 5, 401)):
        monkeypatch.setattr(timed.time, "time", lambda later=later: now + later)
        client.set_cookie(auth.COOKIE, cookie)
        assert client.get("/admin").status_code == status


def test_a_session_that_was_signed_out_is_over_wherever_its_cookie_is(tmp_path: Path) -> None:
    app = with_routes(tmp_path, **BOTH)
    mine, thief, other = (app.server.test_client() for _ in range(3))
    thief.set_cookie(auth.COOKIE, sign_in(mine))
    sign_in(other)
    assert thief.get("/admin").status_code == 200
    assert mine.post("/sign-out", headers=actors.SAME_ORIGIN).status_code == 303
    assert mine.get("/admin").status_code == 401
    assert thief.get("/admin").status_code == 401
    assert other.get("/admin").status_code == 200


def test_another_admin_token_or_key_ends_all_sessions(tmp_path: Path) -> None:
    cookie = sign_in(with_routes(tmp_path, **BOTH).server.test_client())
    for headers_sent, status in (
        ({}, 200),
        ({"admin_token": "another-0123456789"}, 401),
        ({"admin_token": ""}, 403),
        ({"admin_token": "", "host": "127.0.0.1"}, 403),
        ({"secret_key": "another-0123456789"}, 401),
    ):
        client = with_routes(tmp_path, **(BOTH | headers_sent)).server.test_client()
        client.set_cookie(auth.COOKIE, cookie)
        assert client.get("/admin").status_code == status, headers_sent


def test_a_session_by_link_is_worth_nothing_on_a_public_address(tmp_path: Path) -> None:
    local, public = with_routes(tmp_path, host="127.0.0.1"), with_routes(tmp_path)
    client = actors.session(local)
    assert client.get("/admin").status_code == 200
    cookie = client.get_cookie(auth.COOKIE)
    assert cookie is not None
    other = public.server.test_client()
    other.set_cookie(auth.COOKIE, cookie.value)
    assert other.get("/admin").status_code == 403


def test_nothing_shows_the_tokens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        app = with_routes(tmp_path, **BOTH)
        cookie = sign_in(app.server.test_client())
        for make in ACTORS.values():
            for path in ("/admin", "/outcomes", "/", "/sign-in", "/_dash-layout"):
                body = make(app).get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
                assert ADMIN_TOKEN not in body
                assert API_TOKEN not in body
    for secret in (ADMIN_TOKEN, API_TOKEN, cookie):
        assert secret not in caplog.text
        assert secret not in repr(app.access)
    assert app.access.secret_key not in repr(app.access)
