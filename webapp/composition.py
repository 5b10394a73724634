"""Builds, from the settings, what pages, API and commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from webapp.catalog.choices import write_choices
from webapp.catalog.index import RECORDS
from webapp.catalog.reader import FolderCatalog
from webapp.catalog.stores.mirror_state import Mirror
from webapp.catalog.versions import Catalog
from webapp.db.database import Database, DatabaseUrlError
from webapp.db.migrate import ensure
from webapp.db.tables.alerts import Alerts
from webapp.db.tables.ledger import Ledger
from webapp.db.tables.registry_alias import AliasMemory
from webapp.events.counts import CountsReader
from webapp.events.log import EventLog
from webapp.jobs.enqueue import Enqueuer
from webapp.services.context import Services
from webapp.settings import SettingError, Settings
from webapp.training.policy.plan import RetrainPlan


def create_services(settings: Settings, catalog: Catalog | None = None) -> Services:
    """Services over the models folder and the database. Raises SettingError.

    Tests pass a ``catalog``; by default the versions come from the settings.
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
        settle_days=settings.retrain_settle_days,
        mirror=_mirror(settings),
        learns_from_form=settings.learn_from_form,
        forgets_models=settings.forgets_models,
        share_choices=partial(write_choices, settings.var_dir / RECORDS),
    )


def read_plan(settings: Settings) -> RetrainPlan:
    """The plan of retraining checks, from the settings."""
    values = {
        "policy": settings.retrain_policy,
        "every": settings.retrain_every,
        "windows": settings.retrain_windows,
        "estimators": settings.retrain_estimators,
        "holdout": settings.retrain_holdout,
        "churn": settings.retrain_churn,
        "threshold": settings.retrain_threshold,
        "refit": settings.retrain_refit,
        "promote": settings.retrain_promote,
    }
    return RetrainPlan().with_values(values)


@contextmanager
def alias_memory(settings: Settings) -> Iterator[AliasMemory]:
    """Open the record of the registry's alias, which is in the same database."""
    database = Database(settings.database, prepare=ensure)
    try:
        yield AliasMemory(database, settings.shown_models)
    finally:
        database.close()


def _mirror(settings: Settings) -> Mirror | None:
    if not settings.is_mirrored:
        return None
    is_registry = str(settings.models_uri).startswith("models:/")
    return Mirror(settings.models_folder, "model registry" if is_registry else "models' bucket")
