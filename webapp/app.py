"""Build the app: a Dash app with its pages and API, wired up from the settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from dash import Dash
from flask import Flask, request
from werkzeug.wrappers import Response

from webapp.api import auth, callbacks, docs, guards, health, root, v1
from webapp.api.auth import Access
from webapp.api.errors import refusal
from webapp.api.guesses import Guesses, lazy_limiter
from webapp.api.page_rights import MAY_RECORD, PageRights
from webapp.catalog.versions import Catalog
from webapp.components import deferred_scripts, document, page_query, shell
from webapp.composition import create_services
from webapp.db.database import LogUnavailableError
from webapp.db.migrate import MigrationError
from webapp.db.tables.ended_sessions import EndedSessions
from webapp.pages import endpoints as pages_endpoints
from webapp.pages import load_pages, not_found
from webapp.pages.docs import page as docs_page
from webapp.pages.sign_in import endpoints as sign_in_endpoints
from webapp.server import middleware
from webapp.server.analyst import Analyst
from webapp.server.hosts import check_hosts, host_check
from webapp.server.metrics import AppMetrics
from webapp.server.responses import prepare_responses, trust_proxies
from webapp.server.session_files import SESSION_SECONDS, SessionFiles, secret_key
from webapp.services.context import Services
from webapp.settings import ROOT, Settings, parsers

if TYPE_CHECKING:
    from webapp.api.limiter import Limiter

_log = logging.getLogger("everycase")

UPLOAD_LIMIT = 16 << 20  # an 8 MiB file, base64 in JSON, and room to say that one is too large


class EverycaseDash(Dash):
    """Dash with our own document: its first paint needs no script."""

    services: Services
    access: Access

    def interpolate_index(self, **parts: Any) -> str:
        """The page's HTML, which already holds the answer to the linked case."""
        if not not_found.is_page(request.path):
            parts["title"] = not_found.TITLE
        needs_token = bool(self.access.api_token)
        return document.render(self.services, parts, self.account(), needs_token=needs_token)

    def index(self, *args: Any, **kwargs: Any) -> Any:
        """The document of any address; with the status 404 where there is no page."""
        document_text = super().index(*args, **kwargs)
        is_page = not_found.is_page(request.path)
        return document_text if is_page else (document_text, 404)

    def account(self) -> shell.Account:
        """The link in the header for the sender of the current request, to sign in or out."""
        if self.access.session_token() is not None:
            return "Sign out"
        return "Sign in" if self.access.sign_in_tokens else None


def create_access(settings: Settings, services: Services) -> Access:
    """Tokens and sessions, from the settings."""
    database = services.log.database
    key = settings.secret_key or secret_key(settings.var_dir)
    return Access(
        key,
        SessionFiles(settings.var_dir, key=key),
        api_token=settings.api_token,
        admin_token=settings.admin_token,
        links=settings.is_private,
        # Processes that share a SQLite file share VAR_DIR, where session files are.
        guesses=Guesses(settings.redis_url),
        shared_ends=None if database.is_sqlite else EndedSessions(database, SESSION_SECONDS),
    )


def create_limiter(settings: Settings) -> Limiter | None:
    """The rate limiter; None if it is off.

    The default is counted by each process for itself, so that no prediction waits for Redis unless
    somebody asked for that.
    """
    if settings.rate_limit == "off":
        return None
    from webapp.api.limiter import Limiter  # slow to import

    is_default = settings.rate_limit == parsers.RATE_LIMIT
    return Limiter(settings.rate_limit, "" if is_default else settings.redis_url)


def create_page_rights(settings: Settings, permissions: Access) -> PageRights:
    """Who may see pages and record in their form, from the settings."""
    limiter = lazy_limiter(settings.redis_url, "form", settings.form_limit)
    is_open = settings.form == "open" or not settings.api_token
    return PageRights(permissions, settings.pages == "token", is_open, limiter, middleware.OURS_KEY)


def create_app(settings: Settings, catalog: Catalog | None = None) -> EverycaseDash:
    """A new app with its own server and services; one process may have several.

    Tests pass a ``catalog``; by default the versions come from the settings. Raises SettingError.
    """
    services = create_services(settings, catalog)
    permissions, limiter = create_access(settings, services), create_limiter(settings)
    metrics = AppMetrics(services)
    server = Flask("everycase", static_folder=None)
    server.config["MAX_CONTENT_LENGTH"] = UPLOAD_LIMIT
    server.config[middleware.BODY_LIMIT_KEY] = _body_limit
    server.extensions["everycase"] = services
    trust_proxies(server, settings.trusted_proxies)
    auth.install(server, permissions)
    rights = create_page_rights(settings, permissions)
    check = guards.for_root(permissions, limiter)
    root.register(server, services, lambda: _page(app, rights), check)
    health.register(server, services, metrics)
    sign_in_endpoints.register(server, permissions, settings.redis_url)
    v1.register(server, services)
    docs.register(server, services)
    pages_endpoints.register(server, services)
    app = _create_dash(server, services, permissions)
    _set_apart(Analyst(server))
    callbacks.guard_dash(app)
    guards.install(server, limiter, rights)
    server.extensions[MAY_RECORD] = rights.may_record
    prepare_responses(app, [document.PLOTLY_FILE])  # printing doesn't wait for its address
    check_hosts(server, host_check(settings))
    middleware.wrap_wsgi(server, metrics.note)
    return app


def _set_apart(analyst: Analyst) -> None:
    """Have what takes seconds run elsewhere. Called before the views are guarded."""
    for endpoint in ("v1.compare_window", "v1.compare_versions", "page_compare"):
        analyst.take(endpoint, refuse=refusal)
    analyst.take(callbacks.ADDRESS, callbacks.is_for_analysts)


def _page(app: EverycaseDash, rights: PageRights) -> str | Response:
    """The document of ``/``, or the way to sign in for whoever may not see pages."""
    refusal = rights.check_page() if rights.needs_token else None
    return str(app.index()) if refusal is None else refusal


def _body_limit(path: str) -> int:
    """The most bytes that any view takes at this address."""
    return UPLOAD_LIMIT if path in guards.UNLIMITED else guards.body_limit(path)


def _create_dash(server: Flask, services: Services, permissions: Access) -> EverycaseDash:
    """Dash with all pages, on a server that has the other routes already."""
    app = EverycaseDash(
        "webapp",
        server=server,
        use_pages=True,
        pages_folder="",
        assets_folder=str(ROOT / "assets"),
        assets_ignore="^plotly-",  # loaded when a chart wants it (assets/js/68-plotly.js)
        title="Everycase",
        update_title="",
        suppress_callback_exceptions=True,
    )
    app.services, app.access = services, permissions
    app.renderer = deferred_scripts.START
    for module in (*load_pages(), docs_page, not_found):
        module.add(page_query.register_page)
        module.register(app, services)
    app.layout = lambda: shell.layout(services, app.account())
    shell.register(app, services)
    return app


def warm_up(app: EverycaseDash) -> None:
    """Answer one request of each kind before the workers are forked, so that they share memory."""
    try:
        app.services.log.totals()  # creates the tables of a new SQLite file
    except MigrationError:
        raise
    except LogUnavailableError as error:
        _log.warning("the event log is unavailable: %s", error)
    client = app.server.test_client()
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        response = client.get(
            path, headers={"Accept": "text/html"}, environ_base={middleware.OURS_KEY: True}
        )
        response.get_data()
    app.services.close()  # connections must not cross the fork
    # Dash's own hooks set it up at the first request; after that they only cost time.
    hooks = app.server.before_request_funcs
    hooks[None] = [hook for hook in hooks[None] if not hook.__module__.startswith("dash.")]
