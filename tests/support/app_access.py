"""Whole apps with tokens, and everyone who may knock at them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from tests.support.versions import HandCatalog, ready
from webapp.api import auth
from webapp.app import EverycaseDash, create_app
from webapp.settings import Settings

API_TOKEN = "api-token-0123456789"
ADMIN_TOKEN = "admin-token-0123456789"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def make_app(var: Path, **settings: Any) -> EverycaseDash:
    """An app with one version, an empty log in ``var``, and these settings."""
    return create_app(Settings(var_dir=var, **settings), HandCatalog([ready("logit_games_v1")]))


def sign_in(client: FlaskClient, token: str = ADMIN_TOKEN) -> str:
    """Sign a client in; its cookie."""
    response = client.post("/sign-in", data={"token": token}, headers=SAME_ORIGIN)
    assert response.status_code == 303, response.get_data(as_text=True)
    match = re.search(rf"{auth.COOKIE}=([^;]+)", "; ".join(response.headers.getlist("Set-Cookie")))
    assert match
    return match[1]


def nobody(app: EverycaseDash) -> FlaskClient:
    """A client without any proof of who it is."""
    return app.server.test_client()


def bearer(token: str) -> Callable[[EverycaseDash], FlaskClient]:
    """Makes clients with a bearer token."""

    def make(app: EverycaseDash) -> FlaskClient:
        client = app.server.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return make


def session(app: EverycaseDash) -> FlaskClient:
    """A browser that is signed in, and on the app's own page."""
    client = app.server.test_client()
    cookie = _session_cookie(app)
    client.set_cookie(auth.COOKIE, cookie)
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


def forged(app: EverycaseDash) -> FlaskClient:
    """A browser with a session that somebody else signed."""
    client = session(app)
    cookie = _session_cookie(app)
    client.set_cookie(auth.COOKIE, cookie[:-4] + ("AAAA" if cookie[-4:] != "AAAA" else "BBBB"))
    return client


def _session_cookie(app: EverycaseDash) -> str:
    """The cookie of a session, also where signing in is no longer possible."""
    server = app.server
    with server.test_request_context("/sign-in"):
        app.access.sign_in()
        from flask import session as given

        serializer = server.session_interface.get_signing_serializer(server)  # type: ignore[attr-defined]
        return str(serializer.dumps(dict(given)))


ACTORS: dict[str, Callable[[EverycaseDash], FlaskClient]] = {
    "nobody": nobody,
    "wrong token": bearer("wrong-token-0123456789"),
    "API token": bearer(API_TOKEN),
    "admin token": bearer(ADMIN_TOKEN),
    "session": session,
    "forged session": forged,
}
