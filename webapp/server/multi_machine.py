"""Warnings about settings that several machines must share."""

from __future__ import annotations

import logging

from webapp.settings import Settings

_log = logging.getLogger("everycase")


def find_warnings(settings: Settings) -> list[str]:
    """Warnings about settings whose REDIS_URL suggests several machines.

    Also warns about a queue that nothing takes jobs from, with or without Redis.
    """
    warnings = []
    if settings.redis_url and not settings.secret_key:
        warnings.append(
            "SECRET_KEY is unset, so each machine signs with a key of its own and a browser that "
            "signed in on one isn't signed in on the others: set the same SECRET_KEY everywhere"
        )
    if settings.redis_url and not settings.database_url:
        warnings.append(
            "DATABASE_URL is unset, so each machine has a log of its own: set it to a PostgreSQL "
            "that all of them share"
        )
    if not settings.jobs and not settings.redis_url:
        warnings.append(
            "JOBS=0 without REDIS_URL: jobs wait for an everycase work with the same VAR_DIR"
        )
    return warnings


def log_warnings(settings: Settings) -> None:
    """Log them, once at the start."""
    for warning in find_warnings(settings):
        _log.warning("%s", warning)


def queue_name(settings: Settings) -> str:
    """The place that jobs come from, for messages: without a password."""
    if not settings.redis_url:
        return f"the queue in {settings.var_dir}"
    return "Redis at " + settings.redis_url.rpartition("@")[2].removeprefix("redis://")
