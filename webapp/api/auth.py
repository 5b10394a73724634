"""Permissions. A view begins with ``auth.require("admin")``, which returns or raises ApiError.

- ``read``: predictions and reads, open unless API_TOKEN is set;
- ``outcomes``: needs API_TOKEN as bearer token, or the administrator;
- ``admin``: needs ADMIN_TOKEN as bearer token, or a browser that signed in with it.

A browser that signed in with API_TOKEN may what the token may. A role whose token isn't set is off,
never open. ``page_rights`` says who may see pages and record in their form.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, cast

from flask import Flask, current_app, has_request_context, request, session

from webapp.api.errors import ApiError
from webapp.api.guesses import Guesses
from webapp.api.origin import require_same_origin as require_same_origin
from webapp.db.database import LogUnavailableError
from webapp.db.tables.ended_sessions import EndedSessions
from webapp.events.namespaces import Token
from webapp.server.session_files import SessionFiles

Role = Literal["read", "outcomes", "admin"]

COOKIE = "everycase-session"
_EXTENSION = "everycase.access"
_ACTORS: dict[Token, str] = {"admin": "admin token", "api": "API token", "open": "anybody"}
_KINDS: tuple[Token, ...] = ("admin", "api")  # of sessions


@dataclass(frozen=True)
class Access:
    """Tokens and sessions of one app, made from the settings by ``create_app``."""

    secret_key: str = field(repr=False)
    session_files: SessionFiles = field(repr=False)
    api_token: str = field(default="", repr=False)
    admin_token: str = field(default="", repr=False)
    links: bool = False  # True if the server prints a one-time link, which needs no ADMIN_TOKEN
    shared_ends: EndedSessions | None = None  # sessions ended on any machine
    guesses: Guesses = field(default_factory=lambda: Guesses(""), repr=False)

    def require(self, role: Role) -> None:
        """Raise ApiError 401, 403 or 429 unless the current request has the role."""
        if role == "read" and not self.api_token:
            return
        bearer = _bearer()
        if bearer is None and self._session_has(role):
            require_same_origin()
            return
        self._require_on(role)
        holder = None if bearer is None else self._holder(bearer)
        if holder is None or (role == "admin" and holder != "admin"):
            name = "ADMIN_TOKEN" if role == "admin" else "API_TOKEN"
            raise ApiError(
                401, "unauthorized", f"this needs {name}: send it as Authorization: Bearer TOKEN"
            )

    def require_any(self) -> None:
        """Raise ApiError 401 or 429 unless the request has one of the tokens or a session."""
        bearer = _bearer()
        if bearer is None and self.session_token() is not None:
            require_same_origin()
        elif bearer is None or self._holder(bearer) is None:
            message = "sign in, or send one of the tokens as Authorization: Bearer TOKEN"
            raise ApiError(401, "unauthorized", message)

    def token(self) -> Token:
        """Which token the current request was sent with, as bearer or by signing in before."""
        bearer = _bearer()
        if bearer is None:
            return self.session_token() or "open"
        try:
            return self._holder(bearer) or "open"
        except ApiError:  # where anybody may ask, too many guesses are no obstacle
            return "open"

    def _holder(self, bearer: str) -> Token | None:
        """Whose token it is; None for a wrong one, which is counted. Raises ApiError 429."""
        self.guesses.check()
        for kind, token in (("admin", self.admin_token), ("api", self.api_token)):
            if token and _tokens_equal(bearer, token):
                return cast(Token, kind)
        if self.api_token or self.admin_token:
            self.guesses.note(bearer)
        return None

    @property
    def can_sign_in(self) -> bool:
        """True if there is a way to sign in."""
        return bool(self.sign_in_tokens) or self.links

    @property
    def sign_in_tokens(self) -> tuple[Token, ...]:
        """The kinds of tokens that a browser can sign in with."""
        return tuple(kind for kind in _KINDS if self._text(kind))

    def signed_in(self) -> bool:
        """True if the current request has an administrator's session that wasn't ended."""
        return self.session_token() == "admin"

    def session_token(self) -> Token | None:
        """What the browser of the current request signed in with; None if it didn't."""
        kind = self._session_kind()
        return None if kind is None or self._has_ended(str(session.get("id", ""))) else kind

    def has_session(self) -> bool:
        """True if the request has a session, ended or not: asks no database."""
        return self._session_kind() is not None

    def _session_kind(self) -> Token | None:
        if not has_request_context() or not self.can_sign_in or not has_cookie():
            return None
        for kind in _KINDS:
            is_on = bool(self._text(kind)) or (kind == "admin" and self.links)
            if is_on and _tokens_equal(str(session.get(kind, "")), self._fingerprint(kind)):
                return kind
        return None

    def actor(self) -> str:
        """Who sent the current request, for the ledger: tokens and sessions have no names."""
        if _bearer() is not None:
            return _ACTORS[self.token()]
        return "signed-in administrator" if self.signed_in() else _ACTORS[self.token()]

    def token_kind(self, text: str) -> Token | None:
        """The kind of a token that somebody signs in with; None if it is none of ours."""
        for kind in self.sign_in_tokens:
            if _tokens_equal(text, self._text(kind)):
                return kind
        return None

    def sign_in(self, kind: Token = "admin") -> None:
        """Start a session of at most 12 hours in the current browser."""
        session.clear()
        session.permanent = True
        session[kind] = self._fingerprint(kind)
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
        if role == "outcomes" and not self.api_token:
            return False
        kind = self.session_token()
        return kind == "admin" if role == "admin" else kind is not None

    def _require_on(self, role: Role) -> None:
        """Raise ApiError 403 if the setting that the role needs is unset."""
        if role == "admin" and not self.admin_token:
            way = "or open the link that the server printed at its start" if self.links else ""
            raise _disabled_error("ADMIN_TOKEN", way)
        if role == "outcomes" and not self.api_token:
            raise _disabled_error("API_TOKEN")

    def _text(self, kind: Token) -> str:
        return {"admin": self.admin_token, "api": self.api_token}.get(kind, "")

    def _fingerprint(self, kind: Token) -> str:
        """Identifies a token in a session, so that changing the token ends its sessions."""
        key, token = self.secret_key.encode(), self._text(kind).encode()
        return hmac.new(key, f"{kind} session:".encode() + token, sha256).hexdigest()


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


def sender_token() -> Token:
    """Which token the current request was sent with; ``open`` where an app has no permissions."""
    access = cast("Access | None", current_app.extensions.get(_EXTENSION))
    return "open" if access is None else access.token()


def has_cookie() -> bool:
    """True if the request has a session cookie, valid or not."""
    return COOKIE in request.environ.get("HTTP_COOKIE", "")


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
