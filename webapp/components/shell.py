"""The frame around every page: name, navigation, version picker, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Literal

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from flask import has_request_context, request

from webapp.catalog.answering import describe_answering
from webapp.catalog.versions import Version
from webapp.components.icons import icon
from webapp.components.status import champion_banner
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.status import status

PICKER = "version-picker"
REFRESH = "shell-refresh"
POLL = "shell-poll"
STATUS = "shell-status"
PAGE = "shell-page"
THEME = "shell-theme"
THEME_TOGGLE = "theme-toggle"
THEME_COOKIE = "everycase-theme"
NO_VERSIONS = "No versions yet"

Account = Literal["Sign in", "Sign out"] | None  # the link in the header

# Mantine's own palette where it has the mock-ups' tokens; the rest is CSS (assets/everycase.css).
MANTINE_THEME: dict[str, Any] = {
    "primaryColor": "indigo",
    "primaryShade": {"light": 7, "dark": 7},
    "defaultRadius": 8,
    "fontFamily": "var(--ec-font)",
    "fontFamilyMonospace": "var(--ec-mono)",
    "headings": {"fontFamily": "var(--ec-font)", "fontWeight": "600"},
}


def layout(services: Services, account: Account = None) -> dmc.MantineProvider:
    """The frame, built at every page load, so that the picker has the versions of now."""
    versions, state = version_choice.picker_order(services), status(services)
    options = picker_data(versions, state.champion)
    picker = _picker(options)
    keys = {"data-state": state.key, "data-versions": _digest(options)}
    return dmc.MantineProvider(
        id=THEME,
        theme=MANTINE_THEME,
        defaultColorScheme="auto",
        forceColorScheme=cookie_scheme(),
        children=[
            html.A("Skip to content", href="#main", className="ec-skip"),
            html.Header(
                html.Div(
                    [
                        _brand(),
                        _navigation(),
                        picker,
                        *_account(account),
                        _theme_toggle(),
                    ],
                    className="ec-header-inner",
                ),
                className="ec-header",
            ),
            html.Div(champion_banner(state), id=STATUS, **keys),
            html.Main(dash.page_container, id="main", className="ec-main"),
            dcc.Store(id=REFRESH),
            dcc.Store(id=PAGE),
            dcc.Interval(id=POLL, interval=1500, disabled=not _needs_polling(versions)),
        ],
    )


def register(app: Dash, services: Services) -> None:
    """Connect the theme switch, and the picker and status to what the server has."""
    _register_frame(app)

    @app.callback(
        output={
            "data": Output(PICKER, "data"),
            "disabled": Output(POLL, "disabled"),
            "banner": Output(STATUS, "children"),
            "state": Output(STATUS, "data-state"),
            "versions": Output(STATUS, "data-versions"),
        },
        inputs={
            "_request": Input(REFRESH, "data"),
            "_tick": Input(POLL, "n_intervals"),
            "options": State(PICKER, "data"),
            "key": State(STATUS, "data-state"),
        },
        prevent_initial_call=True,
    )
    def refresh(_request: object, _tick: object, options: object, key: object) -> dict[str, Any]:
        """Fires when the picker opens, on a change, and regularly while versions are prepared."""
        return changes(services, options, key)


def changes(services: Services, options: object, key: object) -> dict[str, Any]:
    """Updates of the picker's options and the status key, where the page's are out of date."""
    services.ledger.refresh()  # it may be asked for because a promotion was made
    versions, state = version_choice.picker_order(services), status(services)
    data = picker_data(versions, state.champion)
    parts = {"banner": champion_banner(state), "state": state.key}
    return {
        "data": dash.no_update if data == options else data,
        "disabled": not _needs_polling(versions),
        "versions": _digest(data),
        **(parts if key != state.key else dict.fromkeys(parts, dash.no_update)),
    }


def versions_key(services: Services) -> str:
    """A digest that changes with the list of versions, for a page that was left open."""
    versions, best = version_choice.picker_order(services), version_choice.champion(services)
    return _digest(picker_data(versions, best.name if best else None))


def _digest(options: list[dict[str, Any]]) -> str:
    return blake2b(repr(options).encode(), digest_size=8).hexdigest()


def _register_frame(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("everycase", "toggleTheme"),
        Output(THEME, "forceColorScheme"),
        Input(THEME_TOGGLE, "n_clicks"),
        prevent_initial_call=True,
    )

    app.clientside_callback(
        ClientsideFunction("everycase", "markPage"),
        Output(PAGE, "data"),
        Input("_pages_location", "pathname"),
    )


def cookie_scheme() -> str | None:
    """The colour scheme chosen in this browser; None to follow the system's."""
    scheme = request.cookies.get(THEME_COOKIE) if has_request_context() else None
    return scheme if scheme in ("light", "dark") else None


def picker_data(versions: Sequence[Version], champion: str | None) -> list[dict[str, Any]]:
    """The picker's options; ``note`` and ``digest`` are read by assets/js/60-shell.js."""
    return [_option(version, champion=version.name == champion) for version in versions]


def _option(version: Version, *, champion: bool) -> dict[str, Any]:
    ready = version.prepared is not None
    note = " ".join(_sentences(version)) if ready else version.reason
    if version.status == "preparing":
        note = "preparing…"
    return {
        "value": version.name,
        "label": version.name,
        "disabled": not ready,
        "status": version.status,
        "champion": champion,
        "note": note or "",
        "digest": version.prepared.facts.build if version.prepared else "",
    }


def _sentences(version: Version) -> list[str]:
    """The warnings about a version, and which environment of its own answered."""
    fact = describe_answering(version.prepared.facts) if version.prepared else ""
    return [*version.warnings, *([fact] if fact else [])]


def _needs_polling(versions: Sequence[Version]) -> bool:
    """True if a version is being prepared, or if none is ready and the page is empty."""
    statuses = {version.status for version in versions}
    return "preparing" in statuses or "ready" not in statuses


def _brand() -> dcc.Link:
    return dcc.Link(
        [html.Span(className="ec-logo", **{"aria-hidden": "true"}), html.Span("Everycase")],
        href="/",
        className="ec-brand",
    )


def pages() -> list[tuple[str, str]]:
    """Name and path of the pages in the navigation, in its order."""
    menu = [page for page in dash.page_registry.values() if page["order"] is not None]
    return [(page["name"], page["path"]) for page in sorted(menu, key=lambda p: p["order"])]


def _navigation() -> html.Nav:
    """Links to the pages that have an order."""
    links = [dcc.Link(name, href=path, className="ec-nav-link") for name, path in pages()]
    return html.Nav(links, className="ec-nav", **{"aria-label": "Pages"})


def _account(account: Account) -> list[Component]:
    if account == "Sign in":
        return [html.A(account, href="/sign-in", className="ec-account")]
    if account == "Sign out":
        button = html.Button(account, type="submit", className="ec-account")
        return [html.Form(button, action="/sign-out", method="POST")]
    return []


def _picker(data: list[dict[str, Any]]) -> dmc.Select:
    return dmc.Select(
        id=PICKER,
        data=data,
        value=None,
        placeholder=NO_VERSIONS if not data else "Choose a version",
        allowDeselect=False,
        maxDropdownHeight=420,
        renderOption={"function": "versionOption"},
        rightSection=html.Span(
            [
                html.Span([icon("star"), "champion"], className="ec-badge", id="picker-champion"),
                icon("chevron"),
            ],
            className="ec-picker-right",
        ),
        rightSectionWidth=124,
        rightSectionPointerEvents="none",
        comboboxProps={
            "width": 340,
            "position": "bottom-end",
            "transitionProps": {"duration": 0},
        },
        className="ec-picker",
        **{"aria-label": "Model version"},
    )


def _theme_toggle() -> dmc.ActionIcon:
    return dmc.ActionIcon(
        icon("theme"),
        id=THEME_TOGGLE,
        variant="subtle",
        color="gray",
        size=36,
        className="ec-theme-toggle",
        **{"aria-label": "Switch between light and dark"},
    )
