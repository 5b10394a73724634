"""Who may do what. A view begins with ``access.require("admin")``; that raises ApiError or returns.

- ``read``: predictions and reads, open unless API_TOKEN is set;
- ``outcomes``: needs API_TOKEN as bearer token, or the administrator;
- ``admin``: needs ADMIN_TOKEN as bearer token, or a signed-in browser session.

What needs a token that isn't set is off, never open.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, has_request_context, request, session

from webapp.api.errors import ApiError
from webapp.db.database import LogUnavailableError
from webapp.db.tables.ended_sessions import EndedSessions
from webapp.server.session_files import Kept

Role = Literal["read", "outcomes", "admin"]

COOKIE = "everycase-session"
_EXTENSION = "everycase.access"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Access:
    """Tokens and sessions of one app; made by ``create_app`` from the settings."""

    secret_key: str = field(repr=False)
    kept: Kept = field(repr=False)
    api_token: str = field(default="", repr=False)
    admin_token: str = field(default="", repr=False)
    links: bool = False  # does the server print a one-time link, so that no ADMIN_TOKEN is needed?
    everywhere: EndedSessions | None = None  # where other machines may have signed out

    def require(self, role: Role) -> None:
        """Return when the current request may; raise ApiError 401 or 403 when not."""
        if role == "read" and not self.api_token:
            return
        given = _bearer()
        if given is None and self._session_may(role):
            require_same_origin()
            return
        self._require_on(role)
        tokens = [self.admin_token] if role == "admin" else [self.api_token, self.admin_token]
        if given is None or not any(_same(given, token) for token in tokens if token):
            name = "ADMIN_TOKEN" if role == "admin" else "API_TOKEN"
            raise ApiError(
                401, "unauthorized", f"this needs {name}: send it as Authorization: Bearer TOKEN"
            )

    @property
    def can_sign_in(self) -> bool:
        """Is there any way to become a signed-in administrator?"""
        return bool(self.admin_token) or self.links

    def signed_in(self) -> bool:
        """Does the current request carry the session of an administrator?"""
        return self.has_session() and not self._has_ended(str(session.get("id", "")))

    def has_session(self) -> bool:
        """The same, whether or not it was ended: a database that is away can't tell."""
        if not has_request_context() or not self.can_sign_in or not has_cookie():
            return False
        return _same(str(session.get("admin", "")), self._fingerprint())

    def who(self) -> str:
        """Who asks, for the ledger: tokens and sessions have no names."""
        return "admin token" if _bearer() is not None else "signed-in administrator"

    def is_admin_token(self, text: str) -> bool:
        """Is it the administrator's token?"""
        return bool(self.admin_token) and _same(text, self.admin_token)

    def sign_in(self) -> None:
        """Give the browser a session, for 12 hours at most."""
        session.clear()
        session.permanent = True
        session["admin"] = self._fingerprint()
        session["id"] = secrets.token_urlsafe(16)

    def sign_out(self) -> None:
        """End the session here, and wherever its cookie was copied to.

        Raises OSError and LogUnavailableError when that can't be noted for all.
        """
        name = str(session.get("id", ""))
        session.clear()
        try:
            self.kept.end_session(name)
        finally:  # this machine's full disk is nothing to the others
            if self.everywhere is not None:
                self.everywhere.end(name)

    def _has_ended(self, name: str) -> bool:
        """Was it signed out? While nobody can tell, it counts as ended."""
        if self.kept.has_ended(name):
            return True
        try:
            return self.everywhere is not None and self.everywhere.has_ended(name)
        except LogUnavailableError:
            return True

    def _session_may(self, role: Role) -> bool:
        return (role != "outcomes" or bool(self.api_token)) and self.signed_in()

    def _require_on(self, role: Role) -> None:
        """Raise when the setting that the role needs is unset."""
        if role == "admin" and not self.admin_token:
            way = "or open the link that the server printed at its start" if self.links else ""
            raise _disabled("ADMIN_TOKEN", way)
        if role == "outcomes" and not self.api_token:
            raise _disabled("API_TOKEN")

    def _fingerprint(self) -> str:
        """Stands in the session for the token, so that another token ends it."""
        key, token = self.secret_key.encode(), self.admin_token.encode()
        return hmac.new(key, b"admin session:" + token, sha256).hexdigest()


def install(server: Flask, access: Access) -> None:
    """Make ``access`` what ``require`` asks on this server."""
    server.extensions[_EXTENSION] = access


def current() -> Access:
    """The current app's."""
    return cast(Access, current_app.extensions[_EXTENSION])


def require(role: Role) -> None:
    """Return when the current request may; raise ApiError 401 or 403 when not."""
    current().require(role)


def has_cookie() -> bool:
    """Does the request carry a session's cookie, whatever it is worth?"""
    return COOKIE in request.environ.get("HTTP_COOKIE", "")


def require_same_origin() -> None:
    """Raise ApiError 403 for a change that another site may have made the browser ask for."""
    if request.method not in _SAFE_METHODS and not _is_same_origin():
        raise ApiError(
            403, "cross_site", "a signed-in browser may ask for this from its own pages only"
        )


def _is_same_origin() -> bool:
    """Browsers send one of these headers with every POST, and no page can change either."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    try:
        origin = urlsplit(request.headers.get("Origin", ""))
    except ValueError:
        return False
    return bool(origin.netloc) and origin.netloc.lower() == request.host.lower()


def _bearer() -> str | None:
    """The bearer token that was sent, None without one."""
    kind, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _same(given: str, expected: str) -> bool:
    """Are they equal? Takes as long whatever differs."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _disabled(setting: str, way: str = "") -> ApiError:
    message = f"this is off: set {setting} {way}".rstrip()
    return ApiError(403, "disabled", message)
