"""Settings of who may do what: tokens, pages, the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webapp.settings import parsers
from webapp.settings.field import setting


@dataclass(frozen=True)
class RightsSettings:
    """The settings of tokens and of what needs them."""

    secret_key: str = setting(
        "",
        parsers.secret,
        "signs the cookie of a signed-in browser; by default a random one kept in VAR_DIR",
        secret=True,
    )
    api_token: str = setting(
        "",
        parsers.secret,
        "token for the API, of 16 characters or more; unset, predictions and reads are open and "
        "outcomes are off",
        secret=True,
    )
    admin_token: str = setting(
        "",
        parsers.secret,
        "token for administrators, of 16 characters or more, also to sign in with; unset, there "
        "are none",
        secret=True,
    )
    allowed_hosts: tuple[str, ...] = setting(
        (),
        parsers.host_names,
        "host names that are answered to, .example.com with all below it; unset for all names",
    )
    pages: Literal["public", "token"] = setting(
        "public",
        parsers.one_of("public", "token"),
        "who sees the pages: public is everybody, token whoever signed in or sends a token",
    )
    form: Literal["token", "open"] = setting(
        "token",
        parsers.one_of("token", "open"),
        "who records in the form once API_TOKEN is set: whoever signed in, or everybody with open",
    )
    form_limit: str = setting(
        "60/minute",
        parsers.rate_limit,
        "predictions and outcomes that one client may record in the form",
    )
    learn_from_form: bool = setting(
        False,
        parsers.flag,
        "1 counts what was recorded in the form for drift, comparisons, retraining and alerts",
    )

    @property
    def needs_token(self) -> str:
        """Why a token is needed that isn't set; empty if nothing needs one."""
        if self.pages == "token" and not self.api_token:
            return "PAGES=token needs API_TOKEN: the API has what the pages show"
        return ""
