"""A job as seen from its own process: progress, heartbeats, and requests to stop."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from webapp.db.database import LogUnavailableError
from webapp.db.ids import new_id
from webapp.db.tables.jobs import SEEN_MS, Jobs
from webapp.jobs.process import PARENT

GRACE_SECONDS = 5.0  # after a cancellation, until the process is ended
CANCELLED = 130
GIVEN_UP = 1


class CancelledError(RuntimeError):
    """The job was cancelled."""


class GivenUpError(RuntimeError):
    """The job was given up, because its process sent no heartbeat for too long."""


class Reporter:
    """Records a job's progress. Without a job nothing is recorded, until one is begun."""

    def __init__(self, jobs: Jobs, clock: Callable[[], int], job: str | None = None) -> None:
        self._jobs = jobs
        self._clock = clock
        self._ended = threading.Event()
        self._stop: BaseException | None = None
        self.job = job

    def begin(self, kind: str, arguments: Mapping[str, Any], actor: str) -> None:
        """Make this run a job if it isn't one, so that the page shows runs of cron as well."""
        if self.job is not None:
            return
        now = self._clock()
        self.job = new_id(now)  # before it is written, as a request to end may come in between
        self._jobs.add(kind, arguments, actor, now, running_id=self.job)
        self._watch()

    def take(self) -> bool:
        """Claim the job. False if it was cancelled or another process has it."""
        assert self.job is not None
        if not self._jobs.begin(self.job, self._clock()):
            return False
        self._watch()
        return True

    def step(self, progress: float, step: str, message: str) -> None:
        """Record progress from 0 to 1. Raises CancelledError or GivenUpError to stop the job.

        Or what it was interrupted with.
        """
        if self._stop is not None:
            raise self._stop
        if self.job is None:
            return
        may_continue = self._jobs.progress(self.job, progress, step, message, self._clock())
        if not may_continue:
            self._stop = self._stop_reason(self.job)
        if self._stop is not None:
            raise self._stop

    def interrupt(self, error: BaseException) -> None:
        """Have the next step raise this error, which a signal raises as well.

        Where a signal finds a finalizer or a library that takes every error, its own is lost.
        """
        self._stop = error

    def end(
        self,
        message: str,
        *,
        version: str | None = None,
        result: Mapping[str, Any] | None = None,
        is_failure: bool = False,
    ) -> None:
        """Record the end of the job with its result."""
        state = "failed" if is_failure else "done"
        self._finish(state, message, version=version, result=result)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Record any error raised inside as the end of the job, and raise it again."""
        try:
            yield
        except CancelledError:
            self._finish("cancelled", "Cancelled.")
            raise
        except BaseException as error:
            with suppress(LogUnavailableError):
                self._finish("failed", _reason(error))
            raise
        finally:
            self._ended.set()

    def _finish(self, state: Any, message: str, **more: Any) -> None:
        self._ended.set()
        if self.job is not None:
            self._jobs.end(self.job, state, message, self._clock(), **more)

    def _watch(self) -> None:
        threading.Thread(target=self._stay_alive, daemon=True, name="job").start()

    def _stay_alive(self) -> None:
        """Record heartbeats; end the process if the job was cancelled and doesn't stop."""
        assert self.job is not None
        parent = os.environ.get(PARENT)
        while not self._ended.wait(SEEN_MS / 1000):
            if parent is not None and str(os.getppid()) != parent:
                self._end_hard("failed", "The server that ran it has ended.")
            try:
                if not self._jobs.seen(self.job, self._clock()):
                    self._stop = self._stop_reason(self.job)
            except LogUnavailableError:
                continue  # the work notices it, too
            if self._stop is not None and not self._ended.wait(GRACE_SECONDS):
                self._stop_hard(self._stop)

    def _stop_reason(self, job: str) -> CancelledError | GivenUpError:
        """Why the job must stop: it was cancelled, or given up as dead."""
        record = self._jobs.get(job)
        if record is not None and (record.cancel_at is not None or record.state == "cancelled"):
            return CancelledError()
        return GivenUpError(
            "The job was given up because its process sent no heartbeat for too long; the next "
            "check resumes it."
        )

    def _stop_hard(self, why: BaseException) -> None:
        if isinstance(why, CancelledError):
            self._end_hard("cancelled", "Cancelled.")
        self._end_hard("failed", _reason(why), GIVEN_UP)

    def _end_hard(self, state: Any, message: str, code: int = CANCELLED) -> None:
        assert self.job is not None
        with suppress(LogUnavailableError):
            self._jobs.end(self.job, state, message, self._clock())
        os._exit(code)


def _reason(error: BaseException) -> str:
    text = str(error).strip()
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted; the next check resumes it."
    if isinstance(error, SystemExit):
        return "The process that ran it was stopped; the next check resumes it."
    return text or type(error).__name__
