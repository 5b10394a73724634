"""Keeps this machine's copy of the chosen positive classes like the database."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from webapp.catalog.scan import CatalogEntry

EVERY_SECONDS = 3.0
_log = logging.getLogger("everycase.supervisor")


class ChoiceCopy:
    """Reads the database only where a version waits for a choice or had one: nowhere else is asked.

    Another machine may have taken the choice; what this one takes is in the copy at once.
    """

    def __init__(
        self, database_url: str, records: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database_url = database_url
        self._records = records
        self._clock = clock
        self._next = float("-inf")
        self._last_error = ""

    def follow(self, entries: Sequence[CatalogEntry]) -> None:
        """Copy the choices if any of these versions may need one, at most every few seconds."""
        if self._clock() < self._next or not _is_needed(entries):
            return
        self._next = self._clock() + EVERY_SECONDS
        # Imported here: most supervisors never need the database
        from webapp.db.database import LogUnavailableError
        from webapp.services.models.positive_class import copy_choices

        try:
            copy_choices(self._database_url, self._records)
            self._last_error = ""
        except (LogUnavailableError, OSError) as error:
            if str(error) != self._last_error:
                _log.warning("can't read the choices of positive classes: %s", error)
            self._last_error = str(error)


def _is_needed(entries: Sequence[CatalogEntry]) -> bool:
    return any(e.status == "needs a choice" or e.choice is not None for e in entries)
