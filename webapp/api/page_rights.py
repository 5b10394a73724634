"""Who may see the pages, and who may record in their form.

With ``PAGES=token`` a page, its data and its reports are for browsers that signed in, and for
programs that send one of the tokens. With API_TOKEN set the form is for the same, unless
``FORM=open``; it has a limit of its own, and no other site can fill it in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import redirect, request
from werkzeug.wrappers import Response

from webapp.api import auth, origin
from webapp.api.errors import ApiError

if TYPE_CHECKING:
    from webapp.api.limiter import Limiter

SIGN_IN = "/sign-in"
FORM = ("/page/record", "/page/label", "/page/undo")
MAY_RECORD = "everycase.may_record"  # in the server's extensions: asks for the current request
# Not under PAGES: what asks for a right itself, tells nothing of the models, or is how to sign in
_OPEN = (
    *("/api/v1", "/assets/", "/_dash-component-suites/", "/healthz", "/readyz", "/metrics"),
    *("/robots.txt", "/favicon.ico", "/_favicon.ico", "/sign-in", "/sign-out"),
)


@dataclass(frozen=True)
class PageRights:
    """The checks of one app. ``form_limiter`` is made at the first use.

    ``own_key`` is in the environ of what the app asks itself.
    """

    access: auth.Access
    needs_token: bool
    is_form_open: bool
    form_limiter: Callable[[], Limiter]
    own_key: str

    def covers(self, rule: str) -> bool:
        """True if the address is one that PAGES is about."""
        return self.needs_token and not rule.startswith(_OPEN)

    def check_page(self) -> Response | None:
        """None if the request may see pages; else the way to sign in.

        Raises ApiError 401 for what a script or a program asked for.
        """
        if self.own_key in request.environ:  # the app warms up
            return None
        try:
            self.access.require_any()
        except ApiError as error:
            if error.status != 401 or not _is_visit():
                raise
            address = request.full_path if request.query_string else request.path
            back = "" if address == "/" else f"?next={quote(address)}"
            return redirect(SIGN_IN + back, 303)
        return None

    def may_record(self) -> bool:
        """True if the current request's browser may record in the form."""
        return self.is_form_open or self.access.token() != "open"

    def check_form(self) -> None:
        """Raise ApiError 401, 403 or 429 unless the request may record in the form."""
        origin.refuse_cross_site()
        self.form_limiter().check()
        if self.is_form_open:
            return
        try:
            self.access.require("read")
        except ApiError as error:
            if error.status != 401:
                raise
            message = "sign in to record (a program sends API_TOKEN as its bearer token)"
            raise ApiError(401, "unauthorized", message) from None


def _is_visit() -> bool:
    """True if a browser opens the address for a person to read."""
    is_reading = request.method in ("GET", "HEAD")
    return is_reading and "text/html" in request.environ.get("HTTP_ACCEPT", "")
