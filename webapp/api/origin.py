"""Which site's page sent a request, by headers that a browser sets and no page can change.

Programs send none of them. Browsers send ``Sec-Fetch-Site`` over HTTPS and on loopback, and
elsewhere ``Origin`` with a POST and ``Referer`` with most of the rest.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request

from webapp.api.errors import ApiError

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_OTHER_SITES = ("cross-site", "same-site")
# What a browser accepts for a part of a page, such as an image: no program that predicts asks so.
_PART_OF_A_PAGE = re.compile(r"^\s*(image|video|audio|font|text/css)", re.IGNORECASE)


def require_same_origin() -> None:
    """Raise ApiError 403 for a change that another site may have caused (CSRF)."""
    if request.method not in _SAFE_METHODS and not _is_same_origin():
        raise ApiError(
            403, "cross_site", "a signed-in browser may ask for this from its own pages only"
        )


def refuse_cross_site() -> None:
    """Raise ApiError 403 for a request that a page of another site had a visitor's browser send."""
    if is_cross_site():
        raise ApiError(
            403, "cross_site", "a page of another site asked for this, so nothing was logged"
        )


def is_cross_site() -> bool:
    """True if another site's page sent the request. False for programs, and for our own pages."""
    environ = request.environ  # werkzeug's headers are the same at ten times the cost
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site in _OTHER_SITES
    if _PART_OF_A_PAGE.match(environ.get("HTTP_ACCEPT", "")):
        return True
    sender = environ.get("HTTP_ORIGIN") or environ.get("HTTP_REFERER")
    return sender is not None and not _is_ours(sender)


def _is_same_origin() -> bool:
    """True if the browser's headers show that one of our own pages sent the request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return _is_ours(request.headers.get("Origin", ""))


def _is_ours(address: str) -> bool:
    try:
        origin = urlsplit(address)
    except ValueError:
        return False
    return bool(origin.netloc) and origin.netloc.lower() == request.host.lower()
