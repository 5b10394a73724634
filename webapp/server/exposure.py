"""What a server leaves open to whoever reaches it, said at its start."""

from __future__ import annotations

import logging

from webapp.settings import Settings

_log = logging.getLogger("everycase")


def find_openings(settings: Settings) -> list[str]:
    """Sentences on what others can do without a token; empty if only this machine reaches it."""
    if settings.is_private or settings.api_token:
        return []
    where = f"at {settings.host}" if settings.host else "at every address of this machine"
    openings = [
        f"OPEN: whoever reaches port {settings.port} {where} can ask for predictions, record "
        "events in the log and see all pages, because API_TOKEN is unset. Set API_TOKEN, and "
        "PAGES=token for the pages; or set HOST=127.0.0.1 to serve this machine alone"
    ]
    if not settings.allowed_hosts:
        openings.append(
            "ALLOWED_HOSTS is unset, so requests for any host name are answered: set it to the "
            "names of this server, such as everycase.example.com"
        )
    return openings


def log_openings(settings: Settings) -> None:
    """Log them, once at the start."""
    for sentence in find_openings(settings):
        _log.warning("%s", sentence)
