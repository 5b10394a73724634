"""Which browser sent a request, by a random cookie that it gets with its first upload.

It says nothing of a person and gives no right but to see the names of one's own files.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import replace
from hashlib import sha256

from flask import Response, current_app, request

from webapp.addresses import client_network
from webapp.db.tables.uploads import KEPT_MS, Owner
from webapp.services.compare.answer import CompareAnswer

COOKIE = "everycase-browser"
NAMELESS = "a labelled file"
_FORM = re.compile(r"[A-Za-z0-9_-]{22}")


def owner() -> Owner:
    """Whose file a request brings; without a cookie it is its network's alone."""
    key = str(current_app.secret_key or "").encode()
    network = client_network(request.remote_addr or "").encode()
    return Owner(_digest(_cookie()), hmac.new(key, b"network: " + network, sha256).hexdigest())


def new_owner(response: Response) -> Owner:
    """The same, for a browser that gets its cookie with this response if it has none."""
    value = _cookie()
    if not value:
        value = secrets.token_urlsafe(16)
        response.set_cookie(
            COOKIE,
            value,
            max_age=KEPT_MS // 1000,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return replace(owner(), browser=_digest(value))


def hide_name(answer: CompareAnswer) -> CompareAnswer:
    """The answer without the name of a file that another browser sent."""
    upload = answer.upload
    if upload is None or (upload.owner.browser and upload.owner.browser == owner().browser):
        return answer
    return replace(answer, upload=replace(upload, name=NAMELESS))


def _cookie() -> str:
    value = request.cookies.get(COOKIE, "")
    return value if _FORM.fullmatch(value) else ""


def _digest(value: str) -> str:
    return sha256(value.encode()).hexdigest() if value else ""
