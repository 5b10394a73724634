"""Sign in to a browser session, by the admin token or a one-time link, and sign out."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from flask import Flask, Request, Response, redirect, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.wrappers import Response as BaseResponse

from webapp.api import audit, auth
from webapp.api.errors import ApiError
from webapp.api.guesses import lazy_limiter
from webapp.db.database import LogUnavailableError
from webapp.pages.sign_in import page
from webapp.server.session_files import SESSION_SECONDS

if TYPE_CHECKING:
    from webapp.api.limiter import Limiter

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
_BODY_LIMIT = 16 << 10
NEWS, _NEWS_SECONDS = "everycase-news", 60  # a cookie that the next page reads and removes
_OUR_PAGE = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")  # // or a backslash begins a host
_log = logging.getLogger("everycase")

_OFF = "Signing in is off. To turn it on, set ADMIN_TOKEN and restart the server."
_NEW_LINK = "everycase link (in a clone: .venv/bin/everycase link)"
_LINK_ONLY = (
    f"Open the link that the server printed at its start, or get a new one: run {_NEW_LINK}."
)
_LINK_USED = f"This link has been used or has expired. For a new one run {_NEW_LINK}."
_WRONG = {True: "Wrong token.", False: "Wrong admin token."}
_NOT_ENDED = (
    "This browser is signed out, but the session could not be ended on the server: a copy of its "
    "cookie may work for up to 12 hours. If there is one, change ADMIN_TOKEN or SECRET_KEY."
)
_PLAIN = (
    "Signing in needs HTTPS here, so that the token can't be read on its way. "
    "Behind a proxy with HTTPS, set TRUSTED_PROXIES."
)


class _Sessions(SecureCookieSessionInterface):
    """Flask's sessions, only for requests that have one or may get one: others are faster."""

    digest_method = staticmethod(sha256)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if auth.COOKIE not in request.environ.get("HTTP_COOKIE", "") and request.path != SIGN_IN:
            return None
        return super().open_session(app, request)

    def get_cookie_secure(self, _app: Flask) -> bool:
        return not _is_loopback()


def register(server: Flask, permissions: auth.Access, redis_url: str = "") -> None:
    """Add both routes, and sessions in a signed cookie. Attempts are limited, by Redis if set."""
    server.session_interface = _Sessions()
    server.permanent_session_lifetime = timedelta(seconds=SESSION_SECONDS)
    server.config.update(
        SESSION_COOKIE_NAME=auth.COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # a link to a page may come from another site
        SESSION_REFRESH_EACH_REQUEST=False,  # a session ends 12 hours after signing in
    )
    attempts = lazy_limiter(redis_url, "sign-in")

    @server.route(SIGN_IN, methods=["GET", "POST"])
    def sign_in() -> BaseResponse:
        if request.method == "POST":
            response = _sign_in_by_token(permissions, attempts)
        else:
            by_link = "once" in request.args
            response = _sign_in_by_link(permissions) if by_link else _show_form(permissions)
        response.headers["Cache-Control"] = "no-store"
        return response

    @server.post(SIGN_OUT)
    def sign_out() -> BaseResponse:
        return _sign_out(permissions) if permissions.has_session() else redirect("/", 303)


def _sign_out(permissions: auth.Access) -> BaseResponse:
    auth.require_same_origin()
    try:
        permissions.sign_out()
        audit.note("signed out")
    except (OSError, LogUnavailableError) as error:
        # A full disk, or no database: the browser's own cookie is gone all the same.
        _log.warning("a session that signed out couldn't be marked as ended: %s", error)
        return _page(503, _NOT_ENDED)
    return _arrive("Signed out")


def _show_form(permissions: auth.Access) -> BaseResponse:
    if permissions.session_token() is not None:
        return redirect(_next_address(), 303)
    if not permissions.can_sign_in:
        return _page(403, _OFF)
    if not permissions.sign_in_tokens:
        return _page(403, _LINK_USED if "link" in request.args else _LINK_ONLY)
    if not _is_confidential():
        return _page(403, _PLAIN)
    return _form(permissions, 200, _LINK_USED if "link" in request.args else "")


def _sign_in_by_link(permissions: auth.Access) -> BaseResponse:
    """Redirect in any case, so that the secret leaves the browser's address bar."""
    if (
        request.method == "GET"
        and permissions.can_sign_in
        and _is_confidential()
        and permissions.session_files.use_link(request.args["once"])
    ):
        permissions.sign_in()
        audit.note("signed in", way="one-time link", actor="signed-in administrator")
        return _arrive("Signed in")
    audit.note("sign-in failed", way="one-time link")
    return redirect(f"{SIGN_IN}?link=used", 303)


def _sign_in_by_token(permissions: auth.Access, attempts: Callable[[], Limiter]) -> BaseResponse:
    """Sign in with the token of the form; ten attempts per minute and client."""
    if not permissions.sign_in_tokens or not _is_confidential():
        return _show_form(permissions)
    request.max_content_length = _BODY_LIMIT
    try:
        attempts().check()
        auth.require_same_origin()
    except ApiError as error:
        audit.note("sign-in refused", way="token", status=error.status)
        message = error.message[0].upper() + error.message[1:] + "."
        response = _form(permissions, error.status, message)
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    kind = permissions.token_kind(request.form.get("token", ""))
    if kind is None:
        audit.note("sign-in failed", way="token", status=401)
        return _form(permissions, 401, _WRONG[bool(permissions.api_token)])
    permissions.sign_in(kind)
    audit.note("signed in", way=f"{kind} token", actor=permissions.actor())
    return _arrive("Signed in")


def _arrive(news: str) -> BaseResponse:
    """Go to the page that was asked for, whose script says the news (assets/js/61-news.js)."""
    response = redirect(_next_address(), 303)
    response.set_cookie(
        NEWS, quote(news), max_age=_NEWS_SECONDS, samesite="Lax", secure=not _is_loopback()
    )
    return response


def _form(permissions: auth.Access, status: int, problem: str) -> Response:
    """The page with its form, which takes API_TOKEN, too, where that is set."""
    label = page.ANY_TOKEN if permissions.api_token else page.ADMIN_TOKEN
    text = page.render(problem, label=label, next_address=_next_address())
    return Response(text, status, mimetype="text/html")


def _next_address() -> str:
    """The page of ours that was asked for before signing in, else the first one."""
    address = request.args.get("next", "")
    return address if _OUR_PAGE.fullmatch(address) else "/"


def _page(status: int, problem: str) -> Response:
    """The page without its form, where signing in is impossible."""
    return Response(page.render(problem), status, mimetype="text/html")


def _is_confidential() -> bool:
    return request.is_secure or _is_loopback()


def _is_loopback() -> bool:
    """True if the browser asked a loopback address, so the token stays on this machine."""
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
