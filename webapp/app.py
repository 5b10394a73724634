"""The composition root: settings in, a Dash app with everything wired out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import dash
from dash import Dash
from flask import Flask

from webapp.api import auth, docs, guards, health, root, v1
from webapp.api.auth import Access
from webapp.catalog.versions import Catalog
from webapp.components import deferred_scripts, document, shell
from webapp.composition import create_services
from webapp.db.database import LogUnavailableError
from webapp.db.migrate import MigrationError
from webapp.db.tables.ended_sessions import EndedSessions
from webapp.pages import endpoints as pages_endpoints
from webapp.pages import not_found
from webapp.pages.compare import page as compare_page
from webapp.pages.compare import upload_endpoint
from webapp.pages.drift import page as drift_page
from webapp.pages.models import endpoints as models_endpoints
from webapp.pages.models import page as models_page
from webapp.pages.predict import page as predict_page
from webapp.pages.sign_in import endpoints as sign_in_endpoints
from webapp.server import middleware
from webapp.server.metrics import Metrics
from webapp.server.responses import prepare_answers, trust_proxies
from webapp.server.session_files import SESSION_SECONDS, Kept, secret_key
from webapp.services.context import Services
from webapp.services.predict.receipts import Receipts
from webapp.settings import ROOT, Settings

if TYPE_CHECKING:
    from webapp.api.limiter import Limiter

_log = logging.getLogger("everycase")

PAGES = (predict_page, compare_page, drift_page, models_page, not_found)
UPLOAD_LIMIT = 16 << 20  # an 8 MiB file, base64 in JSON, and room to say that one is too large


class EverycaseDash(Dash):
    """Dash with our own document: its first paint needs no script."""

    services: Services
    auth: Access

    def interpolate_index(self, **parts: Any) -> str:
        """The page's HTML, with the linked case already answered in it."""
        return document.render(self.services, parts, self.account())

    def account(self) -> shell.Account:
        """What the header offers to whoever asks."""
        if self.access.signed_in():
            return "Sign out"
        return "Sign in" if self.access.admin_token else None


def create_access(settings: Settings, services: Services) -> Access:
    """Who may do what, from the settings."""
    database = services.log.database
    return Access(
        settings.secret_key or secret_key(settings.var_dir),
        Kept(settings.var_dir),
        api_token=settings.api_token,
        admin_token=settings.admin_token,
        links=settings.is_private,
        # Who shares SQLite's file shares VAR_DIR, where this is kept, too.
        everywhere=None if database.is_sqlite else EndedSessions(database, SESSION_SECONDS),
    )


def create_limiter(settings: Settings) -> Limiter | None:
    """The limit of requests; None without one."""
    if not settings.rate_limit:
        return None
    from webapp.api.limiter import Limiter  # takes a while to import

    return Limiter(settings.rate_limit, settings.redis_url)


def create_app(settings: Settings, catalog: Catalog | None = None) -> EverycaseDash:
    """A new app with its own server and services; several can live in one process.

    ``catalog`` is given by tests; by default the versions come from the folder in the settings.
    """
    services = create_services(settings, catalog)
    permissions, limiter = create_access(settings, services), create_limiter(settings)
    metrics = Metrics(services)
    server = Flask("everycase", static_folder=None)
    server.config["MAX_CONTENT_LENGTH"] = UPLOAD_LIMIT
    server.extensions["everycase"] = services
    trust_proxies(server, settings.trusted_proxies)
    auth.install(server, permissions)
    root.register(server, services, lambda: app.index(), guards.for_root(permissions, limiter))
    health.register(server, services, metrics)
    sign_in_endpoints.register(server, permissions, settings.redis_url)
    v1.register(server, services)
    docs.register(server, services)
    pages_endpoints.register(server, services, Receipts(permissions.secret_key))
    upload_endpoint.register(server, services)
    models_endpoints.register(server, services)
    app = _create_dash(server, services, permissions)
    guards.close(server, limiter)
    prepare_answers(app)
    middleware.surround(server, metrics.note)
    return app


def _create_dash(server: Flask, services: Services, permissions: Access) -> EverycaseDash:
    """The pages, on a server that has all other routes already."""
    app = EverycaseDash(
        "webapp",
        server=server,
        use_pages=True,
        pages_folder="",
        assets_folder=str(ROOT / "assets"),
        assets_ignore="^plotly-",  # loaded when a chart wants it (assets/js/70-figures.js)
        title="Everycase",
        update_title="",
        suppress_callback_exceptions=True,
    )
    app.services, app.access = services, permissions
    app.renderer = deferred_scripts.START
    for module in PAGES:
        module.add(dash.register_page)
        module.register(app, services)
    app.layout = lambda: shell.layout(services, app.account())
    shell.register(app, services)
    return app


def warm_up(app: EverycaseDash) -> None:
    """Answer one request of each kind before the workers are forked, so that they share it."""
    try:
        app.services.log.totals()  # makes the tables of a new SQLite file
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
    # Dash's own hooks set it up at the first request, and would be asked at every one after it.
    hooks = app.server.before_request_funcs
    hooks[None] = [hook for hook in hooks[None] if not hook.__module__.startswith("dash.")]
