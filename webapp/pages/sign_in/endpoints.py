"""Signing in and out of a browser session: by the admin's token, or by a one-time link."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Request, Response, redirect, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.wrappers import Response as BaseResponse

from webapp.api import auth
from webapp.api.errors import ApiError
from webapp.db.database import LogUnavailableError
from webapp.pages.sign_in import page
from webapp.server.session_files import SESSION_SECONDS

if TYPE_CHECKING:
    from webapp.api.limiter import Limiter

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
ATTEMPTS = "10/minute"
_BODY_LIMIT = 16 << 10
_log = logging.getLogger("everycase")

_OFF = "Signing in is off: set ADMIN_TOKEN and start the server again."
_LINK_ONLY = "Open the link that the server printed when it started; or set ADMIN_TOKEN."
_LINK_USED = "This link was used already, or is too old. Start the server again for another one."
_WRONG = "This is not the admin token."
_NOT_ENDED = (
    "This browser is signed out. That could not be noted for all, so a copy of its cookie may work "
    "for up to 12 hours more: if there is one, change ADMIN_TOKEN or SECRET_KEY."
)
_PLAIN = (
    "Signing in needs https here, so that nobody on the way can read the token. "
    "Behind a proxy that speaks https, set TRUSTED_PROXIES."
)


class _Sessions(SecureCookieSessionInterface):
    """Flask's, for requests that have a session or may get one: others don't pay for it."""

    digest_method = staticmethod(sha256)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if auth.COOKIE not in request.environ.get("HTTP_COOKIE", "") and request.path != SIGN_IN:
            return None
        return super().open_session(app, request)

    def get_cookie_secure(self, _app: Flask) -> bool:
        return not _is_loopback()


def register(server: Flask, permissions: auth.Access, redis_url: str = "") -> None:
    """Add both routes, and sessions in a signed cookie. Attempts are counted in Redis, if any."""
    server.session_interface = _Sessions()
    server.permanent_session_lifetime = timedelta(seconds=SESSION_SECONDS)
    server.config.update(
        SESSION_COOKIE_NAME=auth.COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # a link to a page may come from another site
        SESSION_REFRESH_EACH_REQUEST=False,  # it ends 12 hours after signing in
    )
    attempts = _attempts(redis_url)

    @server.route(SIGN_IN, methods=["GET", "POST"])
    def sign_in() -> BaseResponse:
        if request.method == "POST":
            response = _by_token(permissions, attempts)
        else:
            response = _by_link(permissions) if "once" in request.args else _form(permissions)
        response.headers["Cache-Control"] = "no-store"
        return response

    @server.post(SIGN_OUT)
    def sign_out() -> BaseResponse:
        return _end(permissions) if permissions.has_session() else redirect("/", 303)


def _end(permissions: auth.Access) -> BaseResponse:
    auth.require_same_origin()
    try:
        permissions.sign_out()
    except (OSError, LogUnavailableError) as error:
        # A full disk, or no database: this browser forgets it all the same.
        _log.warning("a session that was signed out can't be marked as ended: %s", error)
        return _page(503, _NOT_ENDED, form=False)
    return redirect("/", 303)


def _form(permissions: auth.Access) -> BaseResponse:
    if permissions.signed_in():
        return redirect("/", 303)
    if not permissions.can_sign_in:
        return _page(403, _OFF, form=False)
    if not permissions.admin_token:
        return _page(403, _LINK_USED if "link" in request.args else _LINK_ONLY, form=False)
    if not _is_confidential():
        return _page(403, _PLAIN, form=False)
    return _page(200, _LINK_USED if "link" in request.args else "")


def _by_link(permissions: auth.Access) -> BaseResponse:
    """Redirects in any case, so that no browser keeps the secret in its address bar."""
    if (
        request.method == "GET"
        and permissions.can_sign_in
        and _is_confidential()
        and permissions.session_files.use_link(request.args["once"])
    ):
        permissions.sign_in()
        return redirect("/", 303)
    return redirect(f"{SIGN_IN}?link=used", 303)


def _attempts(redis_url: str) -> Callable[[], Limiter]:
    @lru_cache(maxsize=1)
    def limiter() -> Limiter:
        from webapp.api.limiter import Limiter  # takes a while to import, and is seldom needed

        return Limiter(ATTEMPTS, redis_url, name="sign-in")

    return limiter


def _by_token(permissions: auth.Access, attempts: Callable[[], Limiter]) -> BaseResponse:
    """Sign in with what the form sent; ten attempts a minute."""
    if not permissions.admin_token or not _is_confidential():
        return _form(permissions)
    request.max_content_length = _BODY_LIMIT
    try:
        attempts().check()
        auth.require_same_origin()
    except ApiError as error:
        response = _page(error.status, error.message[0].upper() + error.message[1:] + ".")
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    if not permissions.is_admin_token(request.form.get("token", "")):
        return _page(401, _WRONG)
    permissions.sign_in()
    return redirect("/", 303)


def _page(status: int, problem: str, *, form: bool = True) -> Response:
    return Response(page.render(problem, form=form), status, mimetype="text/html")


def _is_confidential() -> bool:
    return request.is_secure or _is_loopback()


def _is_loopback() -> bool:
    """Did the browser ask this machine itself?"""
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
