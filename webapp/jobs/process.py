"""A job's process as the consumer sees it: started, watched, ended, and its end explained."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]  # where ``-m`` finds webapp, installed or not
_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 3
_SHOWN = 2_000  # characters of what a process said last
_TOLD = (0, 3, 4, 130)  # ends at which the process has told what became of its job
# Libraries reserve memory for every thread, and these fits gain nothing by several.
_LEAN = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
PARENT = "EVERYCASE_PARENT"  # tells a process whom it must not outlive
_log = logging.getLogger("everycase.jobs")


class Runner:
    """Runs commands of ``everycase``, one after the other, until it is stopped."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def stop(self) -> None:
        """End what runs, and begin nothing any more."""
        self._stop.set()
        self._idle.wait(2 * _PATIENCE_SECONDS)

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """Run it to its end: the status, negative for a signal, and what it said last."""
        if self._stop.is_set():
            return -signal.SIGTERM, ""
        process = _start(command)
        watcher = threading.Thread(target=self._end_on_stop, args=(process,), daemon=True)
        watcher.start()
        said = process.communicate()[0]
        watcher.join()
        return process.returncode, said.strip()[-_SHOWN:]

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self._idle.clear()
        try:
            yield
        finally:
            self._idle.set()

    def _end_on_stop(self, process: subprocess.Popen[str]) -> None:
        while process.poll() is None:
            if self._stop.wait(_POLL_SECONDS):
                _end(process)

    def job(self, job: str) -> None:
        """Run a job; when its process dies without having ended it, say so in its place."""
        with self._busy():
            status, said = self.run(("job", job))
            if status not in _TOLD:
                self._settle(job, status, said)

    def _settle(self, job: str, status: int, said: str) -> None:
        why = "the server was stopped while it ran" if self._stop.is_set() else _why(status, said)
        _log.warning("job %s failed: %s", job, why)
        settle = _start(("job", job, "--failed", why))
        with suppress(subprocess.TimeoutExpired):
            settle.communicate(timeout=2 * _PATIENCE_SECONDS)

    def command(self, words: Sequence[str], fine: Sequence[int] = (0,)) -> None:
        """Run a command and log what it says."""
        with self._busy():
            status, said = self.run(words)
        if said and not self._stop.is_set():
            _log.log(logging.INFO if status in fine else logging.WARNING, "%s", said)


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "webapp.cli", *command],
        cwd=_ROOT,
        env=os.environ | _LEAN | {PARENT: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that its own children end with it
    )


def _end(process: subprocess.Popen[str]) -> None:
    """Ask it to end, then make it, with all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)


def _why(status: int, said: str) -> str:
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:  # real-time signals have no names
            name = f"signal {-status}"
        hint = ", perhaps for want of memory" if status == -signal.SIGKILL else ""
        return f"its process was ended by {name}{hint}"
    last = said.splitlines()[-1] if said else f"status {status}"
    return f"its process ended with: {last}"
