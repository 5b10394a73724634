"""How web processes put jobs into the queue. The queue library is imported at the first one."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

from webapp.services.context import QueueError


class Enqueuer:
    """The queue is opened at the first job. Safe in threads; not to be used before a fork."""

    def __init__(self, var: Path, redis_url: str = "") -> None:
        self._place = var, redis_url
        self._lock = Lock()
        self._task: Any = None

    def __call__(self, job: str) -> None:
        """Have a job begun. Raises QueueError."""
        from webapp.jobs.queue import open_queue, task_of

        try:
            with self._lock:
                if self._task is None:
                    self._task = task_of(open_queue(*self._place), _not_here)
            self._task(job)
        except Exception as error:  # sqlite3's, Redis', the system's: all mean the same
            raise QueueError(f"the queue can't take a job: {error}") from error


def _not_here(job: str) -> None:
    raise RuntimeError(f"job {job} is for the consumer")
