"""The preparer of model versions by the settings, for the supervisor and the commands."""

from __future__ import annotations

from collections.abc import Callable

from webapp.catalog.limits import PrepareLimits
from webapp.catalog.preparer import Preparer, prepare_in_child
from webapp.catalog.venvs.build import Environments
from webapp.settings import Settings

ENVIRONMENTS = "environments"  # folder in VAR_DIR


def create_preparer(
    settings: Settings,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    env: str | None = None,
) -> Preparer:
    """A preparer with the limits of the settings; ``env`` is ``here`` or ``own`` for all models."""
    limits = PrepareLimits(
        settings.prepare_seconds, settings.prepare_mb, settings.allow_pickle, settings.runs_code
    )
    if env == "here":
        return prepare_in_child(limits, should_stop)
    environments = Environments(
        settings.var_dir.absolute() / ENVIRONMENTS,
        settings.prepare_seconds,
        settings.prepare_mb,
        settings.allow_source,
    )
    always_own = (env or settings.prepare_env) == "own"
    return prepare_in_child(limits, should_stop, environments, always_own=always_own)
