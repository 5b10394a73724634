"""Permissions. A view begins with ``auth.require("admin")``, which returns or raises ApiError.

- ``read``: predictions and reads, open unless API_TOKEN is set;
- ``outcomes``: needs API_TOKEN as bearer token, or the administrator;
- ``admin``: needs ADMIN_TOKEN as bearer token, or a signed-in browser session.

A role whose token isn't set is off, never open.
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
from webapp.server.session_files import SessionFiles

Role = Literal["read", "outcomes", "admin"]

COOKIE = "everycase-session"
_EXTENSION = "everycase.access"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Access:
    """Tokens and sessions of one app, made from the settings by ``create_app``."""

    secret_key: str = field(repr=False)
    session_files: SessionFiles = field(repr=False)
    api_token: str = field(default="", repr=False)
    admin_token: str = field(default="", repr=False)
    links: bool = False  # True if the server prints a one-time link, which needs no ADMIN_TOKEN
    shared_ends: EndedSessions | None = None  # sessions ended on any machine

    def require(self, role: Role) -> None:
        """Raise ApiError 401 or 403 unless the current request has the role."""
        if role == "read" and not self.api_token:
            return
        bearer = _bearer()
        if bearer is None and self._session_has(role):
            require_same_origin()
            return
        self._require_on(role)
        tokens = [self.admin_token] if role == "admin" else [self.api_token, self.admin_token]
        if bearer is None or not any(_tokens_equal(bearer, token) for token in tokens if token):
            name = "ADMIN_TOKEN" if role == "admin" else "API_TOKEN"
            raise ApiError(
                401, "unauthorized", f"this needs {name}: send it as Authorization: Bearer TOKEN"
            )

    @property
    def can_sign_in(self) -> bool:
        """True if there is a way to sign in as administrator."""
        return bool(self.admin_token) or self.links

    def signed_in(self) -> bool:
        """True if the current request has an administrator's session that wasn't ended."""
        return self.has_session() and not self._has_ended(str(session.get("id", "")))

    def has_session(self) -> bool:
        """True if the request has an administrator's session, ended or not: asks no database."""
        if not has_request_context() or not self.can_sign_in or not has_cookie():
            return False
        return _tokens_equal(str(session.get("admin", "")), self._fingerprint())

    def actor(self) -> str:
        """The actor of the current request, for the ledger: tokens and sessions have no names."""
        return "admin token" if _bearer() is not None else "signed-in administrator"

    def is_admin_token(self, text: str) -> bool:
        """True if ``text`` is ADMIN_TOKEN."""
        return bool(self.admin_token) and _tokens_equal(text, self.admin_token)

    def sign_in(self) -> None:
        """Start a session of at most 12 hours in the current browser."""
        session.clear()
        session.permanent = True
        session["admin"] = self._fingerprint()
        session["id"] = secrets.token_urlsafe(16)

    def sign_out(self) -> None:
        """End the session, also for copies of its cookie.

        Raises OSError and LogUnavailableError if that can't be stored for all processes.
        """
        name = str(session.get("id", ""))
        session.clear()
        try:
            self.session_files.end_session(name)
        finally:  # a full disk here doesn't keep it from the other machines
            if self.shared_ends is not None:
                self.shared_ends.end(name)

    def _has_ended(self, name: str) -> bool:
        """True if the session was signed out, or if that can't be checked."""
        if self.session_files.has_ended(name):
            return True
        try:
            return self.shared_ends is not None and self.shared_ends.has_ended(name)
        except LogUnavailableError:
            return True

    def _session_has(self, role: Role) -> bool:
        return (role != "outcomes" or bool(self.api_token)) and self.signed_in()

    def _require_on(self, role: Role) -> None:
        """Raise ApiError 403 if the setting that the role needs is unset."""
        if role == "admin" and not self.admin_token:
            way = "or open the link that the server printed at its start" if self.links else ""
            raise _disabled_error("ADMIN_TOKEN", way)
        if role == "outcomes" and not self.api_token:
            raise _disabled_error("API_TOKEN")

    def _fingerprint(self) -> str:
        """Identifies the token in a session, so that changing ADMIN_TOKEN ends all sessions."""
        key, token = self.secret_key.encode(), self.admin_token.encode()
        return hmac.new(key, b"admin session:" + token, sha256).hexdigest()


def install(server: Flask, access: Access) -> None:
    """Have ``require`` ask ``access`` on this server, which signs with its key."""
    server.extensions[_EXTENSION] = access
    server.secret_key = access.secret_key


def current() -> Access:
    """The current app's tokens and sessions."""
    return cast(Access, current_app.extensions[_EXTENSION])


def require(role: Role) -> None:
    """Raise ApiError 401 or 403 unless the current request has the role."""
    current().require(role)


def has_cookie() -> bool:
    """True if the request has a session cookie, valid or not."""
    return COOKIE in request.environ.get("HTTP_COOKIE", "")


def require_same_origin() -> None:
    """Raise ApiError 403 for a change that another site may have caused (CSRF)."""
    if request.method not in _SAFE_METHODS and not _is_same_origin():
        raise ApiError(
            403, "cross_site", "a signed-in browser may ask for this from its own pages only"
        )


def _is_same_origin() -> bool:
    """True if the browser's headers show that one of our own pages sent the request.

    It sends one of two headers, which no page can change.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    try:
        origin = urlsplit(request.headers.get("Origin", ""))
    except ValueError:
        return False
    return bool(origin.netloc) and origin.netloc.lower() == request.host.lower()


def _bearer() -> str | None:
    """The bearer token of the request, or None."""
    kind, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _tokens_equal(token: str, expectation: str) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(token.encode(), expectation.encode())


def _disabled_error(setting: str, way: str = "") -> ApiError:
    message = f"this is off: set {setting} {way}".rstrip()
    return ApiError(403, "disabled", message)
