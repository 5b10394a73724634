"""What pages, API and commands share, made from the settings."""

from __future__ import annotations

from webapp.catalog.reader import FolderCatalog
from webapp.catalog.versions import Catalog
from webapp.events.alerts import Alerts
from webapp.events.counts import CountsReader
from webapp.events.database import Database, DatabaseUrlError
from webapp.events.ledger import Ledger
from webapp.events.log import EventLog
from webapp.events.migrate import ensure
from webapp.jobs.enqueue import Enqueuer
from webapp.services import Services
from webapp.services.plan import Plan
from webapp.settings import SettingError, Settings


def create_services(settings: Settings, catalog: Catalog | None = None) -> Services:
    """Services over the folder of models and the database. Raises SettingError.

    ``catalog`` is given by tests; by default the versions come from the folder in the settings.
    """
    try:
        database = Database(settings.database, prepare=ensure)
    except DatabaseUrlError as error:
        raise SettingError(f"DATABASE_URL {error}") from None
    return Services(
        catalog or FolderCatalog(settings.models_folder, settings.var_dir),
        EventLog(database),
        Ledger(database),
        CountsReader(database),
        Alerts(database),
        database.close,
        queue=Enqueuer(settings.var_dir, settings.redis_url),
        plan=read_plan(settings),
        clock=settings.clock,
    )


def read_plan(settings: Settings) -> Plan:
    """What a check of the retraining policy does, from the settings."""
    found = {
        "policy": settings.retrain_policy,
        "every": settings.retrain_every,
        "windows": settings.retrain_windows,
        "estimators": settings.retrain_estimators,
        "holdout": settings.retrain_holdout,
        "churn": settings.retrain_churn,
        "threshold": settings.retrain_threshold,
        "promote": settings.retrain_promote,
    }
    return Plan().with_values(found)
