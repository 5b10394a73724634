"""Settings that several machines must share, and what goes wrong when they don't."""

from __future__ import annotations

import logging

from webapp.settings import Settings

_log = logging.getLogger("everycase")


def warnings(settings: Settings) -> list[str]:
    """What to mend where REDIS_URL says that there are several machines; else nothing.

    A queue that nobody empties is said in any case.
    """
    found = []
    if settings.redis_url and not settings.secret_key:
        found.append(
            "SECRET_KEY is unset, so each machine signs with a key of its own and a browser that "
            "signed in at one is a stranger to the others: set the same SECRET_KEY everywhere"
        )
    if settings.redis_url and not settings.database_url:
        found.append(
            "DATABASE_URL is unset, so each machine has a log of its own: set it to a PostgreSQL "
            "that all of them share"
        )
    if not settings.jobs and not settings.redis_url:
        found.append(
            "JOBS=0 without REDIS_URL: jobs wait for an everycase work with the same VAR_DIR"
        )
    return found


def warn(settings: Settings) -> None:
    """Say it at the start."""
    for warning in warnings(settings):
        _log.warning("%s", warning)


def queue_of(settings: Settings) -> str:
    """Where jobs come from, without a password."""
    if not settings.redis_url:
        return f"the queue in {settings.var_dir}"
    return "Redis at " + settings.redis_url.rpartition("@")[2].removeprefix("redis://")
