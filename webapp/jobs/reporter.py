"""A job as its own process sees it: it says how far it is, that it is alive, and when to stop."""

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

GRACE_SECONDS = 5.0  # for work to stop by itself after it was cancelled
CANCELLED = 130
GIVEN_UP = 1


class CancelledError(RuntimeError):
    """Somebody asked for the end of this job."""


class GivenUpError(RuntimeError):
    """This job was given up meanwhile, because its process gave no sign of life for too long."""


class Reporter:
    """Writes a job's progress. Without a job it says nothing, until one is begun."""

    def __init__(self, jobs: Jobs, clock: Callable[[], int], job: str | None = None) -> None:
        self._jobs = jobs
        self._clock = clock
        self._ended = threading.Event()
        self._stop: CancelledError | GivenUpError | None = None
        self.job = job

    def begin(self, kind: str, arguments: Mapping[str, Any], actor: str) -> None:
        """Make this work a job, unless it is one: also what cron began is seen on the page."""
        if self.job is not None:
            return
        now = self._clock()
        self.job = new_id(now)  # known before it is written: a request to end may come in between
        self._jobs.add(kind, arguments, actor, now, running_id=self.job)
        self._watch()

    def take(self) -> bool:
        """Run the job that it was made for: False when it was cancelled, or is somebody else's."""
        assert self.job is not None
        if not self._jobs.begin(self.job, self._clock()):
            return False
        self._watch()
        return True

    def step(self, progress: float, step: str, message: str) -> None:
        """How far the work is. Raises CancelledError or GivenUpError when it has to stop."""
        if self.job is None:
            return
        going = self._jobs.progress(self.job, progress, step, message, self._clock())
        if not going:
            self._stop = self._order(self.job)
        if self._stop is not None:
            raise self._stop

    def end(
        self,
        message: str,
        *,
        version: str | None = None,
        result: Mapping[str, Any] | None = None,
        failed: bool = False,
    ) -> None:
        """It is over, and this came of it."""
        state = "failed" if failed else "done"
        self._finish(state, message, version=version, result=result)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Whatever is raised in here ends the job, with its reason; then it is raised on."""
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
        """Note that the process is alive, end it when it was cancelled and doesn't stop."""
        assert self.job is not None
        parent = os.environ.get(PARENT)
        while not self._ended.wait(SEEN_MS / 1000):
            if parent is not None and str(os.getppid()) != parent:
                self._end_hard("failed", "The server that ran it is gone.")
            try:
                if not self._jobs.seen(self.job, self._clock()):
                    self._stop = self._order(self.job)
            except LogUnavailableError:
                continue  # the work finds out by itself
            if self._stop is not None and not self._ended.wait(GRACE_SECONDS):
                self._stop_hard(self._stop)

    def _order(self, job: str) -> CancelledError | GivenUpError:
        """Why it may not go on: somebody asked for its end, or took it for dead."""
        found = self._jobs.get(job)
        if found is not None and (found.cancel_at is not None or found.state == "cancelled"):
            return CancelledError()
        return GivenUpError(
            "The job was given up meanwhile, as its process gave no sign of life for too long; "
            "the next check carries on."
        )

    def _stop_hard(self, why: CancelledError | GivenUpError) -> None:
        if isinstance(why, CancelledError):
            self._end_hard("cancelled", "Cancelled.")
        self._end_hard("failed", str(why), GIVEN_UP)

    def _end_hard(self, state: Any, message: str, code: int = CANCELLED) -> None:
        assert self.job is not None
        with suppress(LogUnavailableError):
            self._jobs.end(self.job, state, message, self._clock())
        os._exit(code)


def _reason(error: BaseException) -> str:
    text = str(error).strip()
    if isinstance(error, KeyboardInterrupt):
        return "It was interrupted; the next check carries on."
    if isinstance(error, SystemExit):
        return "Whoever ran it was stopped, and it with it; the next check carries on."
    return text or type(error).__name__
