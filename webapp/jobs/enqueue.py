"""Puts jobs of web processes into the queue. The queue library is imported for the first job."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

from webapp.services.context import QueueError


class Enqueuer:
    """Puts jobs into the queue, which is opened for the first one.

    Safe in threads; not to be used before a fork.
    """

    def __init__(self, var: Path, redis_url: str = "") -> None:
        self._place = var, redis_url
        self._lock = Lock()
        self._task: Any = None

    def __call__(self, job: str) -> None:
        """Queue a job. Raises QueueError."""
        from webapp.jobs.queue import open_queue, task_of

        try:
            with self._lock:
                if self._task is None:
                    self._task = task_of(open_queue(*self._place), _refuse)
            self._task(job)
        except Exception as error:  # of sqlite3, Redis or the system: all mean the same
            raise QueueError(f"the queue can't take a job: {error}") from error


def _refuse(job: str) -> None:
    raise RuntimeError(f"job {job} must run in the consumer")
